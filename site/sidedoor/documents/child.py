"""A child process for work that may kill it: it gets a line of JSON, and answers with another."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_SOURCE_ROOT = Path(__file__).resolve().parents[2]


class Child:
    """Runs `python -m module`. `first`: a line to send before all others. For one thread at a time."""

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
        """The child's answer; None if the question killed it, or if it took longer than that and was killed.

        `raw` follows the question unchanged: a child that expects bytes knows their number from the question.
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
        """Kill the child, and wait until it is gone."""
        self._process.kill()
        self._process.communicate()
