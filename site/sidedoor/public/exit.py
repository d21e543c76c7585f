"""The exit: where “Hide this page” leads, from every page and for every reader. No other module computes a destination.

Its part of the pages is in templates/exit/, its scripts are in static/js/exit/, where a README says what they do and
how any other site can use them. The chat ends a conversation on the way out (see chat/views.py and hidden_first.py).
"""

from dataclasses import dataclass

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from sidedoor.chat.cookies import MARK_COOKIE, in_conversation
from sidedoor.documents.fixed_addresses import AWAY, HIDE_CONVERSATION
from sidedoor.public.current import settings
from sidedoor.web.current import current_public

blueprint = Blueprint("exit", __name__)
LINKS = "#hide-this-page, .way-out a"
"""The link of every page, and the one for Firefox's reader view, which is visible even without the style sheet."""


@dataclass(frozen=True)
class Exit:
    """What a page knows of the exit. It leads to the first of `destinations`; a second is tried if that one hangs.

    `title` is the tab's from the moment of leaving. `in_conversation`: this reader is in the site's chat.
    """

    destinations: tuple[str, ...]
    title: str
    has_chat: bool
    in_conversation: bool

    @property
    def href(self) -> str:
        """Where the link leads. Without scripts the link itself has to end a conversation, so it leads there first."""
        return HIDE_CONVERSATION if self.in_conversation else self.destinations[0]

    @property
    def script_data(self) -> dict[str, str]:
        """The script's data- attributes, as static/js/exit/README.md lists them."""
        data = {"exit": self.destinations[0], "redirect": AWAY, "title": self.title, "link": LINKS}
        if len(self.destinations) > 1:
            data["next"] = self.destinations[1]
        if self.has_chat:
            data |= {"end": HIDE_CONVERSATION, "mark": MARK_COOKIE}
        return data


def current_exit() -> Exit:
    """The exit of the page being made. The operator's setting replaces all that site.toml names."""
    site = current_public().site
    chosen = settings().exit_url
    has_chat = site.chat is not None
    return Exit(
        (chosen,) if chosen else site.exit, site.exit_title, has_chat, has_chat and in_conversation(request.environ)
    )


def leave() -> Response:
    """An answer that leads away. The site it leads to does not learn from where: see the policy in headers.py."""
    return redirect(current_exit().destinations[0], 303)


@blueprint.get(AWAY)
def away() -> Response:
    """The entry that a hidden visit left in the tab leads to the exit, never to a page."""
    return leave()
