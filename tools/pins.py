"""Asks the package index whether every pin holds on the Pythons of Debian 12 and 13: `python -m tools.pins`.

A pin holds where its Requires-Python allows that Python and there is a wheel for it, on both kinds of machine, so that
whoever installs it compiles nothing. The answers are stored in tests/pins/, where tests/test_package.py compares them
with the lock. `make lock` asks anew.
"""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ANSWERS = PROJECT / "tests/pins"
LOCK = "requirements-deploy.txt"
DEBIANS = {"debian-12": ("3.11.2", "2_36"), "debian-13": ("3.13.5", "2_40")}
"""By release: its Python, and its C library as the tags of wheels write it (of those that uv knows the highest)."""
MACHINES = ("x86_64", "aarch64")


def ask(python: str, platform: str, lock: Path) -> str:
    """The pins of `lock` that such a machine installs, a line each. Raises subprocess.CalledProcessError for none."""
    asked = subprocess.run(
        [
            Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate",
            "--no-emit-index-url", "--no-emit-find-links", "--only-binary", ":all:",
            "--python-version", python, "--python-platform", platform, lock,
        ],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return asked.stdout


def main() -> None:
    """Ask for each, and store what is said."""
    ANSWERS.mkdir(exist_ok=True)
    for debian, (python, library) in DEBIANS.items():
        for machine in MACHINES:
            said = ask(python, f"{machine}-manylinux_{library}", PROJECT / LOCK)
            (ANSWERS / f"{debian}-{machine}.txt").write_text(said, "utf-8")


if __name__ == "__main__":
    main()
