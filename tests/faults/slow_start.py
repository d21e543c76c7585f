"""The public site, whose next start takes longer than granian's own patience where the file TESTS_SLOW is there."""

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
