"""The signs of life that advisers' desks give: a board asks for news far more often than a sign has to be stored."""

from datetime import datetime

from sidedoor.chat import rules


class SignsOfLife:
    """When this process last stored a sign of each adviser's desk."""

    def __init__(self) -> None:
        self._last: dict[int, datetime] = {}

    def is_due(self, adviser: int, now: datetime) -> bool:
        """Whether a sign of this adviser's desk has to be stored now. If so, the caller stores it."""
        before = self._last.get(adviser)
        if before is not None and now - before < rules.DESK_SIGNS_EVERY:
            return False
        self._last[adviser] = now
        return True
