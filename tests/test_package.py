"""What is installed: exactly what the lock files name, which is what pyproject.toml asks for; and the wheel is whole."""

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.content import ContentFolder
from tests.server import PROJECT, free_port
from tools.pins import ANSWERS, DEBIANS, LOCK, MACHINES

_PINNED = re.compile(r"(?m)^([a-z0-9-]+)==(\S+?)( ; [^\\]+)? \\$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)")


def asked_for(*groups: str) -> dict[str, Requirement]:
    """What pyproject.toml names: its dependencies and these groups, by name as the index writes it."""
    told = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    extras = [line for extra in told["project"]["optional-dependencies"].values() for line in extra]
    known = {**told["dependency-groups"], "extras": extras}
    lines = [*told["project"]["dependencies"], *(line for group in groups for line in known[group])]
    found = [Requirement(line) for line in lines]
    return {re.sub(r"[-_.]+", "-", requirement.name).lower(): requirement for requirement in found}


def locked(name: str) -> dict[str, list[str]]:
    """The versions that a lock file pins, by name. Fails for a line that is no pin with a hash."""
    text = (PROJECT / name).read_text("utf-8")
    found: dict[str, list[str]] = {}
    for pin in _PINNED.finditer(text):
        found.setdefault(pin[1], []).append(pin[2])
    rest = [line for line in _PINNED.sub("", text).splitlines() if line and not line.startswith("    #")]
    assert not rest, f"{name} holds lines that pin nothing: {rest[:3]}"
    return found


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("requirements.txt", ("build",)),
        ("requirements-editor.txt", ("build", "editor")),
        ("requirements-deploy.txt", ("build", "extras")),
        ("requirements-dev.txt", ("build", "extras", "dev")),
    ],
)
def test_the_lock_files_hold_what_pyproject_asks_for(name: str, groups: tuple[str, ...]) -> None:
    pinned, wanted = locked(name), asked_for(*groups)
    for package, requirement in wanted.items():
        versions = pinned.get(package, [])
        assert versions and all(requirement.specifier.contains(one) for one in versions), f"{package}: run make lock"
    direct = set(re.findall(r"(?m)^([a-z0-9-]+)==[^#]*?# via(?:(?!\n[a-z]).)*?sidedoor \(", _read_flat(name), re.S))
    assert direct <= set(wanted), f"no longer asked for, run make lock: {direct - set(wanted)}"


def _read_flat(name: str) -> str:
    return (PROJECT / name).read_text("utf-8")


def test_what_tests_run_on_is_what_readers_are_served_with() -> None:
    tests = locked("requirements-dev.txt")
    for file in ("requirements.txt", "requirements-deploy.txt"):
        runs = locked(file)
        assert {name: tests.get(name) for name in runs} == runs


def test_nothing_is_installed_but_what_the_lock_file_names() -> None:
    """A fresh venv brings a pip and, before Python 3.12, a setuptools of its own, both old, with known holes."""
    pinned = locked("requirements-dev.txt")
    installed = {
        re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): one.version for one in importlib.metadata.distributions()
    }
    installed.pop("sidedoor")
    assert len(installed) > 50
    assert {name: version for name, version in installed.items() if version not in pinned.get(name, [])} == {}
    assert "pip" in locked("requirements.txt"), "also where only the site runs"


@pytest.mark.parametrize("stored", [f"{debian}-{machine}" for debian in DEBIANS for machine in MACHINES])
def test_every_pin_of_the_lock_was_found_for_the_pythons_of_debian(stored: str) -> None:
    """`make lock` asked the index for each (tools/pins.py); whoever changes the lock without it is told here."""
    debian, _, machine = stored.rpartition("-")
    python = DEBIANS[debian][0]
    there: dict[str, Any] = {
        **default_environment(), "python_full_version": python, "python_version": python.rpartition(".")[0],
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "sys_platform": "linux",
        "platform_machine": machine,
    }  # fmt: skip
    wanted = {
        f"{pin[1]}=={pin[2]}"
        for pin in _PINNED.finditer((PROJECT / LOCK).read_text("utf-8"))
        if not pin[3] or Marker(pin[3].removeprefix(" ; ")).evaluate(there)
    }
    assert set((ANSWERS / f"{stored}.txt").read_text("utf-8").split()) == wanted, "run make lock"


def test_what_is_installed_here_allows_the_oldest_python_that_is_named() -> None:
    """By what the packages say of themselves; of this machine's own Python, too, which the tests run on."""
    oldest = min((python for python, _ in DEBIANS.values()), key=Version)
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert SpecifierSet(asked).contains(oldest)
    runs = locked(LOCK)
    for one in importlib.metadata.distributions():
        allowed = one.metadata["Requires-Python"]
        if one.metadata["Name"].lower() in runs and allowed:
            for python, _ in DEBIANS.values():
                assert SpecifierSet(allowed).contains(python), f"{one.metadata['Name']} on {python}"


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment in which pip installed the wheel by its hash; beside it lies what requirements.txt names, and
    nothing that tests or developers have. (That pip fetches those by their hashes is `make test-long`, deploy/install.)"""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=PROJECT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "wheel.txt").write_text(f"sidedoor @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    pip: list[str] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "venv/bin/python"),
        "install",
        "--quiet",
        "--no-index",
    ]
    options = ["--require-hashes", "--no-deps", "--no-compile", "-r", str(folder / "wheel.txt")]
    subprocess.run(pip + options, check=True, cwd=folder)
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    needed = locked("requirements.txt")
    for one in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
        if name in needed and name not in asked_for("build").keys() - asked_for().keys():
            for top in {file.parts[0] for file in one.files or () if file.parts[0] not in ("..", "__pycache__")}:
                if not (packages / top).exists():
                    (packages / top).symlink_to(str(one.locate_file(top)))
    return folder / "venv/bin/sidedoor"


def test_a_fresh_install_of_the_wheel_serves_the_whole_site_outside_of_a_checkout(fresh: Path, tmp_path: Path) -> None:
    port = free_port()
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    where = [str(fresh.with_name("python")), "-c", "import sidedoor, sys; print(sidedoor.__file__, *sys.path)"]
    told = subprocess.run(where, cwd=tmp_path, env=outside, check=True, capture_output=True, text=True).stdout
    assert told.startswith(str(fresh.parents[1])) and str(PROJECT) not in told
    site = subprocess.Popen([fresh, "run", "--port", str(port), "--workers", "1"], cwd=tmp_path, env=outside)
    try:
        while site.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/help/get-help-now") as page:
                assert b'id="hide-this-page"' in page.read()
                break
            time.sleep(0.05)
        else:
            pytest.fail("It did not start: see what it wrote.")
        # As somebody would who has nothing but the wheel.
        own = "init own --for uk --name A --organisation B --exit https://weather.example/".split()
        subprocess.run([fresh, *own, "--address", ""], cwd=tmp_path, env=outside, check=True)
        assert (tmp_path / "own/help/get-help-now.md").is_file()
        assert (tmp_path / "own/.git/hooks/pre-commit").is_file()
    finally:
        site.terminate()
        site.wait()


def test_the_program_starts_where_the_examples_are_away_or_private_to_somebody_else(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "site/sidedoor", tmp_path / "site/sidedoor")
    begin = [sys.executable, "-c", "import sidedoor.cli as c; print(c.__file__)"]
    for _ in range(2):
        ran = subprocess.run(
            begin,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert ran.stdout.startswith(str(tmp_path))
        (tmp_path / "examples/private").mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize("module", ["app", "desk"])
def test_nothing_starts_because_a_module_was_imported_and_everything_with_the_first_request(
    content: ContentFolder, tmp_path: Path, module: str
) -> None:
    """Under another server, too, which knows nothing but the application."""
    told = "print(*(one.name for one in threading.enumerate()))"
    script = f"import {module}, threading; {told}; {module}.app.test_client().get('/healthz'); {told}"
    where = {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(tmp_path / "data")}
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT, env={**os.environ, **where}, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    imported, asked = said.splitlines()
    assert imported == "MainThread"
    assert "content" in asked.split()


def licences(name: str) -> list[str]:
    """Those that a package may be taken under, as it says itself."""
    told = importlib.metadata.metadata(name)
    if expression := told.get_all("License-Expression"):
        return str(expression[0]).split(" OR ")
    named = [line.rpartition("::")[2] for line in told.get_all("Classifier") or [] if "License ::" in line]
    return named or [str(line) for line in told.get_all("License") or [""]]


def test_nothing_we_run_asks_for_a_licence_that_ours_is_not() -> None:
    """The GPL asks that the whole be given under it; ours is the MIT licence. (The LGPL asks it of the library alone.)"""
    names = [name for name in locked("requirements-deploy.txt") if _installed(name)]
    assert len(names) > 30
    alone = [name for name in names if all(re.search(r"(?<!L)GPL", one) for one in licences(name))]
    assert alone == []


def _installed(name: str) -> bool:
    with suppress(importlib.metadata.PackageNotFoundError):
        return bool(importlib.metadata.version(name))
    return False
