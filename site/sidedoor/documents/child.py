"""A child process that answers each line of JSON with another, and may die of any of them."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_SOURCE_ROOT = Path(__file__).resolve().parents[2]


class Child:
    """Runs `python -m module`. `first`: a line that it is told before all others. For one thread at a time."""

    def __init__(self, module: str, first: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_SOURCE_ROOT,
        )
        self._first = first

    def ask(self, question: object, patience_seconds: float, raw: bytes = b"") -> Any:
        """What it answers; None if it died of the question, or was killed because it took longer than that.

        `raw` follows the line as it is: a child that expects any knows from the question how long it is.
        """
        overdue = threading.Timer(patience_seconds, self._process.kill)
        overdue.start()
        try:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{self._first}{json.dumps(question)}\n".encode() + raw)
            self._first = ""
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            return None
        finally:
            overdue.cancel()
        return json.loads(answer) if answer.endswith(b"\n") else None

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._process.communicate()
