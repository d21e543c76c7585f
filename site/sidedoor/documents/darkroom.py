"""Decodes pictures in a child process that any picture may kill (see darkroom_child.py)."""

import base64
import threading
from functools import cache
from typing import Any

from sidedoor.documents.child import Child
from sidedoor.documents.codes import Code
from sidedoor.documents.pictures import (
    MOST_BYTES,
    MOST_PIXELS,
    MOST_SENT_BYTES,
    TYPES,
    Developed,
    Flaw,
    Flawed,
    Picture,
)
from sidedoor.documents.problems import Problem, Refused

# The child limits its own processor time; this limit is for a machine so busy that the child gets none.
_PATIENCE_SECONDS = 60.0


class Darkroom:
    """One child process, started when first needed and again after it has died. Safe to share between threads."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._lock = threading.Lock()

    def ask(self, job: str, raw: bytes, **more: object) -> dict[str, Any]:
        """The child's answer. Raises Flawed, also if the picture killed it."""
        with self._lock:
            self._child = self._child or Child("sidedoor.documents.darkroom_child")
            answer = self._child.ask({"job": job, "length": len(raw), **more}, _PATIENCE_SECONDS, raw)
            if answer is None:
                self._stop()
        if answer is None:
            raise Flawed(Flaw.FORMAT)
        if "flaw" in answer:
            raise Flawed(Flaw(answer["flaw"]), **answer["values"])
        description: dict[str, Any] = answer
        return description

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._child:
            self._child.end()
            self._child = None


@cache
def shared_darkroom() -> Darkroom:
    """The darkroom that this process shares for pictures of its own folder; its child ends with the process."""
    return Darkroom()


def develop(raw: bytes) -> Developed:
    """Make a publishable picture of what somebody sent. Raises Flawed.

    In a separate child process, so that a hostile picture can harm no other.
    """
    if not raw:
        raise Flawed(Flaw.EMPTY)
    if len(raw) > MOST_SENT_BYTES:
        raise Flawed(Flaw.TOO_BIG, megabytes=MOST_SENT_BYTES // 1024 // 1024)
    own_darkroom = Darkroom()
    try:
        developed = own_darkroom.ask("develop", raw)
    finally:
        own_darkroom.close()
    return Developed(base64.b64decode(developed["raw"]), developed["ending"], developed["width"], developed["height"])


def read_picture(raw: bytes, file: str) -> Picture:
    """Check a picture of the content folder. Raises Refused, saying why it may not be shown."""

    def refuse(code: Code, **values: object) -> Refused:
        return Refused([Problem(file, None, code, values)])

    if len(raw) > MOST_BYTES:
        raise refuse(Code.PICTURE_TOO_BIG, kilobytes=MOST_BYTES // 1000)
    try:
        description = shared_darkroom().ask("look", raw)
    except Flawed:
        raise refuse(Code.PICTURE_UNREADABLE) from None
    if description["format"] not in TYPES:
        raise refuse(Code.PICTURE_FORMAT)
    if description["width"] * description["height"] > MOST_PIXELS:
        raise refuse(Code.PICTURE_PIXELS)
    if description["hidden"]:
        raise refuse(Code.PICTURE_TELLS, details=", ".join(description["hidden"])[:80])
    return Picture(file.rsplit("/", 1)[-1], description["width"], description["height"])
