"""Runs beside the desk: works out whom to tell, writes the letters, and hands them in until a server takes them.

A letter is tried again after one minute, five, fifteen, and then every hour for three days. If the server refuses an
address for good, that person's page says so. Several desks may do this at once: only one takes each letter.
"""

import logging
import sqlite3
import threading
from datetime import timedelta

from sidedoor.desk.current import Desk
from sidedoor.desk.notices.due import MAY_BE_TOLD, tell
from sidedoor.desk.notices.letters import digest, letter
from sidedoor.desk.notices.mail import NotTaken, hand_in, message_of
from sidedoor.desk.notices.store import EVENTS, Letter
from sidedoor.desk.refusals import Refusal, Stopped

log = logging.getLogger("sidedoor.desk.notices")
LOOKS_EVERY_SECONDS = 5.0
DIGEST_HOUR = 8
"""By the site's own clock."""
_AGAIN = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_GIVE_UP = timedelta(days=3)


class Courier:
    """Writes the mail about one desk's notices, and hands it in."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._settings = desk, desk.settings
        self._failing = False

    def watch(self) -> None:
        """Look again and again. Never returns: call it in a separate thread."""
        pause = threading.Event()
        while True:
            try:
                self.look()
            except (sqlite3.Error, OSError, Stopped):
                log.exception("It could not be looked at who has to be told.")
            except Exception:  # one failed round is no reason to stop
                log.exception("Notices could not be written.")
            pause.wait(LOOKS_EVERY_SECONDS)

    def look(self) -> None:
        """Bring the notices up to date, write the letters they need, and hand in the letters that are due."""
        tell(self._desk)
        if self._settings.mail_server:
            self.write()
            self.hand_in()

    def write(self) -> None:
        """Write letters: straight away where a person wants that, and the digest once a day."""
        now, notices = self._desk.clock(), self._desk.notices
        local = now.astimezone(self._desk.live.library.site.zone)
        address = self._settings.desk_address
        for person in self._desk.staff.everybody():
            wishes = notices.wishes(person.id)
            may = {kind for kind, roles in MAY_BE_TOLD.items() if person.may(*roles)}
            fresh = [notice for notice in notices.unwritten(person.id) if notice.kind in may]
            now_wanted = [notice for notice in fresh if wishes.how(notice.kind) == "now"]
            if now_wanted:
                notices.mark_written(
                    [notice.id for notice in now_wanted], (person.id, *letter(now_wanted, address)), now
                )
            if desk_only := [notice.id for notice in fresh if wishes.how(notice.kind) == "desk"]:
                notices.mark_written(desk_only, None, now)
            if wishes.address and local.hour >= DIGEST_HOUR and wishes.digest < local.date():
                # Each morning repeats what is still true; what happened is said once.
                happened = [notice for notice in fresh if notice.kind in EVENTS and wishes.how(notice.kind) == "digest"]
                stands = [notice for notice in notices.of(person.id) if notice.kind in may - EVENTS]
                listed = [*happened, *(notice for notice in stands if wishes.how(notice.kind) != "desk")]
                text = (person.id, *digest(listed, address)) if listed else None
                notices.store_digest(person.id, local.date(), text, now)
                notices.mark_written([notice.id for notice in happened], None, now)

    def hand_in(self) -> None:
        """Hand in every letter that is due."""
        for due in self._desk.notices.take_letters(self._desk.clock()):
            self._hand_in(due)

    def _hand_in(self, mail: Letter) -> None:
        notices, now = self._desk.notices, self._desk.clock()
        address = notices.wishes(mail.person).address
        if not address or not self._desk.staff.find(mail.person):
            notices.delete_letter(mail)
            return
        try:
            hand_in(self._settings, message_of(self._settings, mail, address, self._desk.live.library.site.name))
        except NotTaken as problem:
            if problem.why is not Refusal.MAIL_ADDRESS_REFUSED and not self._failing:
                self._failing = True
                log.warning("Mail is not taken: %s %s", problem.why, problem.values)
            if problem.for_good or now - mail.made > _GIVE_UP:
                notices.delete_letter(mail, problem.why)
            else:
                notices.postpone(mail, now + _AGAIN[min(mail.tries, len(_AGAIN)) - 1], problem.why)
            return
        if self._failing:
            self._failing = False
            log.info("Mail is taken again.")
        notices.delete_letter(mail)
