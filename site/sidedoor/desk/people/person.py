"""Who works at the desk, and the five roles. A person may have several; each says what it is for and no more."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["press", "editor", "adviser", "supervisor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_WORDS: dict[Role, str] = {
    "press": "writes, approves what others wrote",
    "editor": "the same, also for help pages and contacts; may publish in an emergency",
    "adviser": "answers chats",
    "supervisor": "reads along in chats, and is seen to; may take one over",
    "admin": "invites people and takes their access away; reads the log",
}


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in. `name` is unique and stands in the history of every file they change.

    `epoch` counts how often every way in and every session of theirs was made void: a session of an earlier one is.
    """

    id: int
    name: str
    roles: frozenset[Role]
    epoch: int = 0
    languages: frozenset[str] = frozenset()
    """The codes of those whose translations they can read and judge."""

    def may(self, *roles: Role) -> bool:
        """Whether one of `roles` is among theirs."""
        return not self.roles.isdisjoint(roles)
