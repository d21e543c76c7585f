"""The public site; it waits only two seconds for readers who take nothing."""

from typing import Any

from sidedoor.public import server
from sidedoor.web import stalled


def load() -> Any:
    """The application."""
    stalled.STALLED_SECONDS = 2
    return server.load()
