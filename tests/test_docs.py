"""docs/: the commands in adopt.md run in the order in which they are written, and the table of site.toml quotes its errors."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import read_site
from tests.conftest import PROJECT
from tests.documents.site_toml import WHOLE, Raw, Row, keys, rows, with_value, written
from tests.server import free_port

# The commands that serve run until somebody stops them: this wrapper does so as soon as they have answered.
SERVES = """
sidedoor() {
    case $1 in run|desk) ;; *) command sidedoor "$@"; return ;; esac
    command sidedoor "$@" --port "$PORT" & served=$!
    python -c 'import sys, time, urllib.request as ask
for turn in range(600):
    try:
        sys.exit(ask.urlopen(sys.argv[1]).status != 200)
    except OSError:
        time.sleep(0.1)
sys.exit(1)' "http://127.0.0.1:$PORT/healthz"
    answered=$?
    kill $served; wait $served || true
    return $answered
}
"""


@pytest.mark.timeout(300)
def test_the_commands_in_adopt_run_in_their_order(tmp_path: Path) -> None:
    text = (PROJECT / "docs/adopt.md").read_text("utf-8")
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", text)
    assert len(blocks) >= 6
    script = "set -e\n" + SERVES + "\n".join(blocks)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SIDEDOOR_", "GIT_"))}
    ran = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env={**clean, "PATH": path, "PORT": str(free_port()), "WORKERS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 wrong" in ran.stdout and "works once" in ran.stdout
    site = read_site((tmp_path / "our-site/site.toml").read_text("utf-8"))
    assert (site.look.accent, site.organisation) == ("#7a1f5c", "A charity in Leeds")


def test_every_key_of_site_toml_is_in_the_table_and_nothing_else() -> None:
    read_site(written(WHOLE))
    assert {row.key for row in rows()} == set(keys())


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: ".".join(row.key))
def test_a_wrong_value_in_site_toml_gets_the_error_that_the_table_quotes(row: Row) -> None:
    text = with_value(row.key, Raw(row.wrong))
    with pytest.raises(Refused) as refused:
        read_site(text)
    (problem,) = refused.value.problems
    assert str(problem).partition(": error: ")[2] == row.says
    assert problem.line is not None


def test_every_file_that_contributing_names_is_there() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    names = set(re.findall(r"`([a-z_][a-z_./-]*\.(?:py|js|html|css|md|toml|yaml))`", text))
    assert len(names) > 70
    places = (
        "site/**/*",
        "static/**/*",
        "editor/src/*",
        "tests/[!n]*/**/*",
        "tests/*",
        "docs/*",
        "tools/*",
        "examples/hampshire/*",
    )
    files = [f"/{path.as_posix()}" for place in places for path in PROJECT.glob(place)]
    assert [name for name in names if not any(path.endswith(f"/{name}") for path in files)] == []
