"""The objects that the desk's views work with: create_app makes a Desk once, and each part has a short name here."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, current_app, g

from sidedoor.chat.store import ChatStore
from sidedoor.desk.audit.store import Audit
from sidedoor.desk.chats.signs import SignsOfLife
from sidedoor.desk.contacts.steps import ContactSteps
from sidedoor.desk.items.comments import Comments
from sidedoor.desk.items.files import Shelf
from sidedoor.desk.items.picture_library import PictureLibrary
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.items.steps import ItemSteps
from sidedoor.desk.items.workflow import Workflow
from sidedoor.desk.notices.store import Notices
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import Staff
from sidedoor.desk.translations.steps import TranslationSteps
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary
from sidedoor.documents.times import Clock
from sidedoor.public.feedback_store import FeedbackStore
from sidedoor.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.flask_client import FlaskOAuth2App


@dataclass(frozen=True)
class Desk:
    """The stores and steps of one desk. `content`: the folder with what editors write. `pages` makes the public pages
    that previews show. `work_account`: the provider of work accounts, if the operator names one."""

    settings: Settings
    content: Path
    clock: Clock
    live: LiveLibrary
    shelf: Shelf
    reviews: Reviews
    comments: Comments
    staff: Staff
    sessions: Sessions
    audit: Audit
    previews: PreviewLinks
    workflow: Workflow
    items: ItemSteps
    pictures: PictureLibrary
    contacts: ContactSteps
    translations: TranslationSteps
    notices: Notices
    feedback: FeedbackStore
    chats: ChatStore
    signs: SignsOfLife
    pages: Flask
    work_account: "FlaskOAuth2App | None"


def the_desk() -> Desk:
    """Return the desk that answers this request."""
    desk: Desk = current_app.extensions["desk"]
    return desk


def now() -> datetime:
    """Return the current moment (aware)."""
    return the_desk().clock()


def chat_now() -> datetime:
    """Return the current moment by the clock that all processes of the chat share (see ChatStore.agreed)."""
    if "chat_now" not in g:  # once per request: a board asks for it hundreds of times
        g.chat_now = the_desk().chats.agreed(now())
    moment: datetime = g.chat_now
    return moment


def live() -> LiveLibrary:
    """The content folder, kept up to date."""
    return the_desk().live


def library() -> Library:
    """Every document, including drafts and embargoed ones."""
    return live().library


def shelf() -> Shelf:
    """The files, for reading and writing."""
    return the_desk().shelf


def reviews() -> Reviews:
    """Who wrote and approved what."""
    return the_desk().reviews


def comments() -> Comments:
    """What people say about passages."""
    return the_desk().comments


def desk_staff() -> Staff:
    """The people of the desk."""
    return the_desk().staff


def sessions() -> Sessions:
    """Who is signed in."""
    return the_desk().sessions


def item_steps() -> ItemSteps:
    """Every step an item can take."""
    return the_desk().items


def picture_library() -> PictureLibrary:
    """Every picture, and every step that a picture can take."""
    return the_desk().pictures


def workflow() -> Workflow:
    """Who may publish what."""
    return the_desk().workflow


def contact_steps() -> ContactSteps:
    """Every step that contacts.yaml can take."""
    return the_desk().contacts


def translation_steps() -> TranslationSteps:
    """Every step that a translation can take."""
    return the_desk().translations


def previews() -> PreviewLinks:
    """The links that let people without an account read a draft."""
    return the_desk().previews


def notices() -> Notices:
    """What people are told."""
    return the_desk().notices


def feedback() -> FeedbackStore:
    """What readers wrote to the organisation."""
    return the_desk().feedback


def audit() -> Audit:
    """Who did what and when."""
    return the_desk().audit
