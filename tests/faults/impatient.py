"""The public site; it waits only a second for readers who take nothing."""

from typing import Any

from sidedoor.public import server
from sidedoor.web import stalled


def load() -> Any:
    """The application."""
    stalled.STALLED_SECONDS = 1
    return server.load()
