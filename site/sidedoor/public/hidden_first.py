"""Makes sure that a conversation that its reader left is over. This layer is in front of everything that knows a
conversation.

“Hide this page” and “End” tell the server at once, but a beacon may never arrive: the network is away, or the server is
busy. The cookie that identifies the conversation is HttpOnly, so no script can delete it. Instead the page sets a mark
beside it, in the same task; whatever this browser requests next, the conversation is ended first. Until it can be
ended, the request counts as one without a conversation, so that no word is shown.

Only the server removes the mark, and only together with the cookie itself. The page's own script must not: a page that
was reached from another site was requested without either cookie (SameSite=Strict), and a mirror's page was never
requested from us.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.http import dump_cookie

from sidedoor.chat.cookies import CONVERSATION_COOKIES, MARK_COOKIE
from sidedoor.chat.model import Reason, StoreDown
from sidedoor.chat.store import ChatStore
from sidedoor.documents.fixed_addresses import HIDE_CONVERSATION
from sidedoor.documents.times import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("sidedoor.chat")
STILL_RUNS_KEY = "sidedoor.left_and_not_ended"
"""Set in a request whose conversation was left and could not be ended: no answer may say that it is over."""
_SETS = tuple(f"{name}=" for name in CONVERSATION_COOKIES)
_REASONS: dict[str, Reason] = {"end": "reader"}
"""The mark's value says how the conversation was left; anything else counts as hidden."""
_LEFT: set[Reason | None] = {"hidden", "reader"}


class HiddenFirst:
    """Ends the conversation that a request's mark says was left. `application` then sees a request without one."""

    def __init__(self, application: "WSGIApplication", store: ChatStore, clock: Clock, https: bool) -> None:
        self._application = application
        self._store = store
        self._clock = clock
        self._https = https

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        cookies = list(_cookies(environ))
        mark = dict(cookies).get(MARK_COOKIE)
        if mark is None:
            return self._application(environ, start_response)
        tokens = [value for name, value in cookies if name in CONVERSATION_COOKIES]
        others = [f"{name}={value}" for name, value in cookies if name not in (*CONVERSATION_COOKIES, MARK_COOKIE)]
        environ["HTTP_COOKIE"] = "; ".join(others)
        ended = self._end(tokens, _REASONS.get(mark, "hidden"))
        if ended is None:
            environ[STILL_RUNS_KEY] = True
        beacon = (environ["REQUEST_METHOD"], environ.get("PATH_INFO")) == ("POST", HIDE_CONVERSATION)
        # A beacon that overtakes the answer to Start names no conversation yet. The mark waits for it.
        waits = beacon and not tokens
        # Another request has already ended the conversation of this mark. The next one may have begun, and the browser
        # would delete its cookie, which has the same name.
        late = beacon and ended == "before"

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            begins = any(name.lower() == "set-cookie" and value.startswith(_SETS) for name, value in headers)
            gone = (
                {name for name, _ in cookies if name in CONVERSATION_COOKIES}
                if ended and not begins and not late
                else set()
            )
            if (ended and not waits and not late) or begins:
                gone.add(MARK_COOKIE)
            return start_response(
                status, [*headers, *(("Set-Cookie", self._drop(name)) for name in sorted(gone))], *error
            )

        return self._application(environ, start)

    def _end(self, tokens: list[str], reason: Reason) -> Literal["now", "before"] | None:
        """End their conversations. Returns None if that failed, and "before" if every one had been left already."""
        before = []
        try:
            for token in tokens:
                conversation = self._store.find(token, self._clock())
                before.append(conversation is not None and conversation.reason in _LEFT)
                if conversation:
                    self._store.end(conversation.id, reason, self._clock())
        except (StoreDown, sqlite3.Error) as error:
            log.error("A conversation that was left could not be ended yet: %s", type(error).__name__)
            return None
        return "before" if before and all(before) else "now"

    def _drop(self, name: str) -> str:
        return dump_cookie(name, max_age=0, expires=0, httponly=True, samesite="Strict", secure=self._https)


def _cookies(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    """The cookies as they were sent, including repeated names."""
    for pair in environ.get("HTTP_COOKIE", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name:
            yield name, value
