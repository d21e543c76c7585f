"""What the public site's views work with: create_app makes a PublicSite once, and each part has a short name here.

The pages that the desk previews are made without one: nobody searches, writes or chats there.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app

from sidedoor.chat.bell import Bell
from sidedoor.chat.store import ChatStore
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.times import Clock
from sidedoor.public.feedback_store import FeedbackStore, Senders
from sidedoor.public.search_index import SearchIndex
from sidedoor.settings import Settings
from sidedoor.web.edition import EditionLayer
from sidedoor.web.health import Health


@dataclass(frozen=True)
class PublicSite:
    """What readers use besides its pages, and what watches over it.

    `chat_clock` is the clock that all processes of the chat share (see ChatStore.agreed).
    """

    edition: EditionLayer
    search: SearchIndex
    feedback: FeedbackStore
    senders: Senders
    chats: ChatStore
    chat_clock: Clock
    bell: Bell
    health: Health


def the_site() -> PublicSite:
    """Return the site that answers this request."""
    site: PublicSite = current_app.extensions["site"]
    return site


def settings() -> Settings:
    """Return the operator's settings."""
    chosen: Settings = current_app.config["SETTINGS"]
    return chosen


def content_folder() -> Path:
    """Return the content folder, as a whole path."""
    folder: Path = current_app.config["CONTENT"]
    return folder


def live() -> LiveLibrary:
    """The content folder, kept up to date."""
    library: LiveLibrary = current_app.extensions["live"]
    return library


def now() -> datetime:
    """Return the current moment (aware)."""
    clock: Clock = current_app.extensions["clock"]
    return clock()


def chats() -> ChatStore:
    """The conversations."""
    return the_site().chats


def chat_now() -> datetime:
    """Return the current moment by the chat's clock."""
    return the_site().chat_clock()
