"""What other users of the machine can read of the files that the software writes."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sidedoor.desk.items.files import Shelf
from sidedoor.desk.items.history import Author
from sidedoor.private import private_tree, secret_file
from tests.content import ContentFolder
from tests.processes import run
from tests.server import DESK, PUBLIC_SITE, RunningSite


def modes(folder: Path) -> dict[str, str]:
    """The modes of all paths in a folder that somebody other than the owner can access."""
    open_modes = {}
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077 and not path.is_symlink():
            open_modes[str(path.relative_to(folder))] = oct(mode)
    return open_modes


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_no_other_user_can_read_the_data_or_the_drafts_whatever_the_umask(
    content: ContentFolder, tmp_path: Path, umask: int
) -> None:
    data = tmp_path / "data"
    # An older version left these files readable for everybody.
    (data / "history.git/objects").mkdir(parents=True)
    for name in ("kept.sqlite3", "feedback.sqlite3", "desk.secret", "history.git/objects/abc"):
        (data / name).touch()
        (data / name).chmod(0o644)
    before = os.umask(umask)
    try:
        for application in (PUBLIC_SITE, DESK):
            RunningSite(content.path, data, application=application).close()
    finally:
        os.umask(before)
    assert modes(data) == {}
    assert stat.S_IMODE(content.path.stat().st_mode) == 0o700


def test_only_the_group_that_may_read_the_content_folder_can_read_its_files(
    content: ContentFolder, tmp_path: Path
) -> None:
    for mode, file, folder in ((0o2750, 0o640, 0o2750), (0o2770, 0o660, 0o2770), (0o755, 0o600, 0o700)):
        content.path.chmod(mode)
        shelf = Shelf(content.path, tmp_path / "data")
        name = f"changes/news/a{mode:o}.md"
        shelf.write(name, "---\ntitle: A\n---\n", None, Author("Ann"), "Save")
        written = content.path / name
        assert oct(stat.S_IMODE(written.stat().st_mode)) == oct(file)
        assert oct(stat.S_IMODE(written.parent.stat().st_mode)) == oct(folder)
        written.unlink()
        written.parent.rmdir()


def test_the_web_server_can_read_a_mirror(content: ContentFolder, tmp_path: Path) -> None:
    settings = {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-m", "flask", "export", str(tmp_path / "mirror")]
    assert run(command, settings).returncode == 0
    files = list((tmp_path / "mirror").resolve().rglob("*"))
    assert files
    assert all(path.stat().st_mode & 0o004 for path in files)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can leave another's folder with files of its own")
def test_files_that_the_superuser_makes_belong_to_the_owner_of_the_folder(
    content: ContentFolder, tmp_path: Path
) -> None:
    data, somebody = tmp_path / "data", 65534
    data.mkdir(mode=0o700)
    for path in (data, content.path, *content.path.rglob("*")):
        os.chown(path, somebody, somebody)
    settings = {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(data)}
    for command in (
        ["--app", "app", "content", "check"],
        ["--app", "app", "news", "new", "Ten rooms"],
        ["--app", "desk", "staff", "add", "Ann Lee", "--role", "admin"],
    ):
        run([sys.executable, "-m", "flask", *command], settings)
    paths = [*data.rglob("*"), content.path / "news/ten-rooms.md"]
    assert {path.name for path in paths} >= {"staff.sqlite3", "audit.sqlite3", "audit.key", "desk.secret"}
    assert [str(path) for path in paths if path.stat().st_uid != somebody] == []


def test_a_file_in_place_of_the_data_folder_does_not_stop_a_start(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    private_tree(tmp_path / "data")
    private_tree(tmp_path / "data/further")


def test_processes_that_make_a_secret_at_the_same_moment_get_the_same_one(tmp_path: Path) -> None:
    script = (
        "import sys, secrets; from pathlib import Path; from sidedoor.private import secret_file;"
        "print(secret_file(Path(sys.argv[1]), secrets.token_hex(32).encode()).decode())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "data/desk.secret")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    secrets = {process.communicate()[0].strip() for process in processes}
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["desk.secret"]
    assert secret_file(tmp_path / "data/desk.secret", b"another") != b"another"
