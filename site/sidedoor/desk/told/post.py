"""Beside the desk's answers: looks who has to be told, writes the letters, and hands them in, until a server took them.

A letter is tried after one minute, five, fifteen, and then every hour for three days. Whatever the server says for good
about an address stands on its person's page. Several desks may do this at once: each letter is taken by one.
"""

import logging
import sqlite3
import threading
from datetime import timedelta

from sidedoor.desk.current import Desk
from sidedoor.desk.refusals import Refusal, Stopped
from sidedoor.desk.told.letter_words import digest, letter
from sidedoor.desk.told.mail import NotTaken, hand_in, message_of
from sidedoor.desk.told.notices import EVENTS, Letter
from sidedoor.desk.told.tidings import MAY_BE_TOLD, tell

log = logging.getLogger("sidedoor.desk.told")
LOOKS_EVERY_SECONDS = 5.0
DIGEST_HOUR = 8
"""In the morning of the site's own clock."""
_AGAIN = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_GIVE_UP = timedelta(days=3)


class Post:
    """What is told, and how, of one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._settings = desk, desk.settings
        self._failing = False

    def watch(self) -> None:
        """For a thread of its own."""
        pause = threading.Event()
        while True:
            try:
                self.look()
            except (sqlite3.Error, OSError, Stopped):
                log.exception("It could not be looked at who has to be told.")
            except Exception:  # one look that fails is no reason to look no more
                log.exception("Notices could not be written.")
            pause.wait(LOOKS_EVERY_SECONDS)

    def look(self) -> None:
        """Bring notices up to date, write what letters they need, and hand in what is due."""
        tell(self._desk)
        if self._settings.mail_server:
            self.write()
            self.hand_in()

    def write(self) -> None:
        """Write letters: at once for what somebody wants at once, and the digest once a day."""
        now, notices = self._desk.clock(), self._desk.notices
        local = now.astimezone(self._desk.live.library.site.zone)
        address = str(self._settings.desk_url).rstrip("/")
        for person in self._desk.staff.everybody():
            wishes = notices.wishes(person.id)
            may = {kind for kind, roles in MAY_BE_TOLD.items() if person.may(*roles)}
            fresh = [one for one in notices.unwritten(person.id) if one.kind in may]
            now_wanted = [one for one in fresh if wishes.how(one.kind) == "now"]
            if now_wanted:
                notices.written([one.id for one in now_wanted], (person.id, *letter(now_wanted, address)), now)
            if kept := [one.id for one in fresh if wishes.how(one.kind) == "desk"]:
                notices.written(kept, None, now)
            if wishes.address and local.hour >= DIGEST_HOUR and wishes.digest < local.date():
                # What still stands is said again each morning; what only happened, once.
                happened = [one for one in fresh if one.kind in EVENTS and wishes.how(one.kind) == "digest"]
                stands = [one for one in notices.of(person.id) if one.kind in may - EVENTS]
                listed = [*happened, *(one for one in stands if wishes.how(one.kind) != "desk")]
                text = (person.id, *digest(listed, address)) if listed else None
                notices.digested(person.id, local.date(), text, now)
                notices.written([one.id for one in happened], None, now)

    def hand_in(self) -> None:
        """Hand in every letter that is due."""
        for one in self._desk.notices.take_letters(self._desk.clock()):
            self._hand_in(one)

    def _hand_in(self, one: Letter) -> None:
        notices, now = self._desk.notices, self._desk.clock()
        address = notices.wishes(one.person).address
        if not address or not self._desk.staff.find(one.person):
            notices.done(one)
            return
        try:
            hand_in(self._settings, message_of(self._settings, one, address, self._desk.live.library.site.name))
        except NotTaken as problem:
            if problem.why is not Refusal.MAIL_ADDRESS_REFUSED and not self._failing:
                self._failing = True
                log.warning("Mail is not taken: %s %s", problem.why, problem.values)
            if problem.for_good or now - one.made > _GIVE_UP:
                notices.done(one, problem.why)
            else:
                notices.later(one, now + _AGAIN[min(one.tries, len(_AGAIN)) - 1], problem.why)
            return
        if self._failing:
            self._failing = False
            log.info("Mail is taken again.")
        notices.done(one)
