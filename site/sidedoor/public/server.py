"""The public site as a server loads it: `granian --interface rsgi --factory sidedoor.public.server:load`."""

from flask import Flask

from sidedoor.chat.store import open_store
from sidedoor.documents.loader import usable_site
from sidedoor.home import look
from sidedoor.public import create_app
from sidedoor.public.feedback_store import SCHEMA, FeedbackStore
from sidedoor.settings import Settings
from sidedoor.web.serve import loaded


def check(settings: Settings) -> None:
    """Look for whatever would keep the site from starting, without reading the content. Raises problems.Refused."""
    usable_site(settings.content, settings.data)
    open_store(settings.chat_store, settings.data)
    FeedbackStore(settings.messages_home)
    look(settings.messages_home, (SCHEMA,))


def load() -> Flask:
    """The public site. What runs in the background starts with the server, or with the first request.

    If it starts for the first time and there is much news, it answers before everything is read.
    """
    return loaded(lambda settings: create_app(settings, soon=True), "public")


def load_whole() -> Flask:
    """The same with everything read, for commands."""
    return loaded(create_app, "public")
