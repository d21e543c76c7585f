"""The public site; while the file that TESTS_SLOW names exists, it takes longer to start than granian itself would wait."""

import os
import time
from pathlib import Path
from typing import Any

from sidedoor.public import server

SECONDS = 6


def load() -> Any:
    """The application."""
    if Path(os.environ["TESTS_SLOW"]).exists():
        time.sleep(SECONDS)
    return server.load()
