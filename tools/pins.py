"""Asks the package index whether every pin works on the Pythons of Debian 12 and 13: `python -m tools.pins`.

A pin works if its Requires-Python allows that Python and there is a wheel for it, on both kinds of machine, so that
nobody has to compile anything to install it. The answers are stored in tests/pins/, where tests/test_package.py
compares them with the lock. `make lock` asks again.
"""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ANSWERS = PROJECT / "tests/pins"
LOCK = "requirements-deploy.txt"
DEBIANS = {"debian-12": ("3.11.2", "2_36"), "debian-13": ("3.13.5", "2_40")}
"""For each release: its Python, and its C library as wheels' tags write it (the highest of those that uv knows)."""
MACHINES = ("x86_64", "aarch64")


def ask(python: str, platform: str, lock: Path) -> str:
    """The pins of `lock` that such a machine installs, one on each line. Raises subprocess.CalledProcessError if uv
    fails."""
    compiled = subprocess.run(
        [
            Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate",
            "--no-emit-index-url", "--no-emit-find-links", "--only-binary", ":all:",
            "--python-version", python, "--python-platform", platform, lock,
        ],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return compiled.stdout


def main() -> None:
    """Ask for each release and machine, and store the answers."""
    ANSWERS.mkdir(exist_ok=True)
    for debian, (python, library) in DEBIANS.items():
        for machine in MACHINES:
            pins = ask(python, f"{machine}-manylinux_{library}", PROJECT / LOCK)
            (ANSWERS / f"{debian}-{machine}.txt").write_text(pins, "utf-8")


if __name__ == "__main__":
    main()
