"""Exactly what the lock files name is installed, the lock files match pyproject.toml, and the wheel is complete."""

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


def requirements_of(*groups: str) -> dict[str, Requirement]:
    """The dependencies in pyproject.toml and those of these groups, by name as the package index writes it."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    extras = [line for extra in project["project"]["optional-dependencies"].values() for line in extra]
    groups_by_name = {**project["dependency-groups"], "extras": extras}
    lines = [*project["project"]["dependencies"], *(line for group in groups for line in groups_by_name[group])]
    requirements = [Requirement(line) for line in lines]
    return {re.sub(r"[-_.]+", "-", requirement.name).lower(): requirement for requirement in requirements}


def locked(name: str) -> dict[str, list[str]]:
    """The versions that a lock file pins, by name. Fails on a line that is not a pin with a hash."""
    text = (PROJECT / name).read_text("utf-8")
    versions: dict[str, list[str]] = {}
    for pin in _PINNED.finditer(text):
        versions.setdefault(pin[1], []).append(pin[2])
    rest = [line for line in _PINNED.sub("", text).splitlines() if line and not line.startswith("    #")]
    assert not rest, f"{name} holds lines that pin nothing: {rest[:3]}"
    return versions


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
    pinned, wanted = locked(name), requirements_of(*groups)
    for package, requirement in wanted.items():
        versions = pinned.get(package, [])
        assert versions and all(requirement.specifier.contains(version) for version in versions), (
            f"{package}: run make lock"
        )
    direct = set(re.findall(r"(?m)^([a-z0-9-]+)==[^#]*?# via(?:(?!\n[a-z]).)*?sidedoor \(", _read_flat(name), re.S))
    assert direct <= set(wanted), f"no longer asked for, run make lock: {direct - set(wanted)}"


def _read_flat(name: str) -> str:
    return (PROJECT / name).read_text("utf-8")


def test_tests_run_on_the_versions_that_serve_readers() -> None:
    tests = locked("requirements-dev.txt")
    for file in ("requirements.txt", "requirements-deploy.txt"):
        runs = locked(file)
        assert {name: tests.get(name) for name in runs} == runs


def test_only_what_the_lock_file_names_is_installed() -> None:
    """A fresh venv brings its own pip and, before Python 3.12, its own setuptools: both old, with known holes."""
    pinned = locked("requirements-dev.txt")
    installed = {
        re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(): package.version
        for package in importlib.metadata.distributions()
    }
    installed.pop("sidedoor")
    assert len(installed) > 50
    assert {name: version for name, version in installed.items() if version not in pinned.get(name, [])} == {}
    assert "pip" in locked("requirements.txt"), "where only the site runs, too"


@pytest.mark.parametrize("stored", [f"{debian}-{machine}" for debian in DEBIANS for machine in MACHINES])
def test_every_pin_of_the_lock_was_found_for_the_pythons_of_debian(stored: str) -> None:
    """`make lock` asks the index for each pin (tools/pins.py); this fails when somebody changes the lock without it."""
    debian, _, machine = stored.rpartition("-")
    python = DEBIANS[debian][0]
    environment: dict[str, Any] = {
        **default_environment(), "python_full_version": python, "python_version": python.rpartition(".")[0],
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "sys_platform": "linux",
        "platform_machine": machine,
    }  # fmt: skip
    wanted = {
        f"{pin[1]}=={pin[2]}"
        for pin in _PINNED.finditer((PROJECT / LOCK).read_text("utf-8"))
        if not pin[3] or Marker(pin[3].removeprefix(" ; ")).evaluate(environment)
    }
    assert set((ANSWERS / f"{stored}.txt").read_text("utf-8").split()) == wanted, "run make lock"


def test_every_package_we_run_supports_the_oldest_python_that_is_named() -> None:
    """According to the metadata of the packages installed here, for this machine's own Python."""
    oldest = min((python for python, _ in DEBIANS.values()), key=Version)
    required = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert SpecifierSet(required).contains(oldest)
    runs = locked(LOCK)
    for package in importlib.metadata.distributions():
        allowed = package.metadata["Requires-Python"]
        if package.metadata["Name"].lower() in runs and allowed:
            for python, _ in DEBIANS.values():
                assert SpecifierSet(allowed).contains(python), f"{package.metadata['Name']} on {python}"


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment in which pip installed the wheel by its hash, with what requirements.txt names and none of
    the tools for tests and developers. (`make test-long`, deploy/install, tests that pip fetches those by their hashes.)"""
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
    for package in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
        if name in needed and name not in requirements_of("build").keys() - requirements_of().keys():
            for top in {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}:
                if not (packages / top).exists():
                    (packages / top).symlink_to(str(package.locate_file(top)))
    return folder / "venv/bin/sidedoor"


def test_a_fresh_install_of_the_wheel_serves_the_whole_site_outside_of_a_checkout(fresh: Path, tmp_path: Path) -> None:
    port = free_port()
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [str(fresh.with_name("python")), "-c", "import sidedoor, sys; print(sidedoor.__file__, *sys.path)"]
    printed = subprocess.run(command, cwd=tmp_path, env=outside, check=True, capture_output=True, text=True).stdout
    assert printed.startswith(str(fresh.parents[1])) and str(PROJECT) not in printed
    site = subprocess.Popen([fresh, "run", "--port", str(port), "--workers", "1"], cwd=tmp_path, env=outside)
    try:
        while site.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/help/get-help-now") as page:
                assert b'id="hide-this-page"' in page.read()
                break
            time.sleep(0.05)
        else:
            pytest.fail("It did not start: see what it wrote.")
        # As somebody would do who has only the wheel.
        own = "init own --for uk --name A --organisation B --exit https://weather.example/".split()
        subprocess.run([fresh, *own, "--address", ""], cwd=tmp_path, env=outside, check=True)
        assert (tmp_path / "own/help/get-help-now.md").is_file()
        assert (tmp_path / "own/.git/hooks/pre-commit").is_file()
    finally:
        site.terminate()
        site.wait()


def test_the_program_starts_where_the_examples_are_missing_or_somebody_elses(tmp_path: Path) -> None:
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
def test_importing_the_application_starts_nothing_and_the_first_request_starts_everything(
    content: ContentFolder, tmp_path: Path, module: str
) -> None:
    """So that it works under another server, too, which knows only the application."""
    print_threads = "print(*(thread.name for thread in threading.enumerate()))"
    script = f"import {module}, threading; {print_threads}; {module}.app.test_client().get('/healthz'); {print_threads}"
    folders = {"SIDEDOOR_CONTENT": str(content.path), "SIDEDOOR_DATA": str(tmp_path / "data")}
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT, env={**os.environ, **folders}, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    after_import, after_request = output.splitlines()
    assert after_import == "MainThread"
    assert {"LiveLibrary.watch", "Health.watch"} <= {*after_request.split()}


def licences(name: str) -> list[str]:
    """The licences that a package's own metadata offers."""
    metadata = importlib.metadata.metadata(name)
    if expression := metadata.get_all("License-Expression"):
        return str(expression[0]).split(" OR ")
    named = [line.rpartition("::")[2] for line in metadata.get_all("Classifier") or [] if "License ::" in line]
    return named or [str(line) for line in metadata.get_all("License") or [""]]


def test_no_package_we_run_demands_a_licence_other_than_ours() -> None:
    """The GPL demands that the whole program be under the GPL, and ours is MIT. (The LGPL covers the library alone.)"""
    names = [name for name in locked("requirements-deploy.txt") if _installed(name)]
    assert len(names) > 30
    alone = [name for name in names if all(re.search(r"(?<!L)GPL", licence) for licence in licences(name))]
    assert alone == []


def _installed(name: str) -> bool:
    with suppress(importlib.metadata.PackageNotFoundError):
        return bool(importlib.metadata.version(name))
    return False
