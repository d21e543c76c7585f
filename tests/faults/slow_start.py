"""The public site; while the file that TESTS_SLOW names exists, it takes longer to start than granian itself would wait.

While the file that TESTS_WRONG names exists, it does not start."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from sidedoor.public import server

SECONDS = 6


def load() -> Any:
    """The application."""
    if Path(os.environ["TESTS_SLOW"]).exists():
        time.sleep(SECONDS)
    if Path(os.environ.get("TESTS_WRONG", os.devnull)).is_file():
        sys.exit("Something is wrong.")
    return server.load()
