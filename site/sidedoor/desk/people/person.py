"""The people who work at the desk, and the five roles. A person may have several; each allows one kind of work."""

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
    """Somebody who may sign in. `name` is unique, and is in the history of every file they change.

    `epoch` counts how often all their ways in and sessions were made void: a session from an earlier epoch is void.
    """

    id: int
    name: str
    roles: frozenset[Role]
    epoch: int = 0
    languages: frozenset[str] = frozenset()
    """The codes of the languages whose translations they can judge."""

    def may(self, *roles: Role) -> bool:
        """Whether this person has one of `roles`."""
        return not self.roles.isdisjoint(roles)
