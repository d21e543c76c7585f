"""What a view of the desk works with: the shelf, the reviews, the log, the people, the moment."""

from datetime import datetime

from flask import current_app

from sidedoor.desk.audit import Audit
from sidedoor.desk.contacts.steps import Helplines
from sidedoor.desk.items.files import Shelf
from sidedoor.desk.items.newsroom import Newsroom
from sidedoor.desk.items.preview_links import PreviewLinks
from sidedoor.desk.items.reviews import Reviews
from sidedoor.desk.items.workflow import Workflow
from sidedoor.desk.people.sessions import Sessions
from sidedoor.desk.people.staff import Staff
from sidedoor.documents.library import Library
from sidedoor.documents.live import LiveLibrary


def now() -> datetime:
    """The moment (aware)."""
    moment: datetime = current_app.extensions["clock"]()
    return moment


def live() -> LiveLibrary:
    """The content folder, kept up to date."""
    found: LiveLibrary = current_app.extensions["live"]
    return found


def library() -> Library:
    """Every document there is, drafts and embargoed ones too."""
    return live().library


def shelf() -> Shelf:
    """Where files are read and written."""
    found: Shelf = current_app.extensions["shelf"]
    return found


def reviews() -> Reviews:
    """Who wrote and approved what."""
    found: Reviews = current_app.extensions["reviews"]
    return found


def desk_staff() -> Staff:
    """The people of the desk."""
    found: Staff = current_app.extensions["staff"]
    return found


def sessions() -> Sessions:
    """Who is signed in."""
    found: Sessions = current_app.extensions["sessions"]
    return found


def newsroom() -> Newsroom:
    """Every step an item can take."""
    found: Newsroom = current_app.extensions["newsroom"]
    return found


def workflow() -> Workflow:
    """Who may publish what."""
    found: Workflow = current_app.extensions["workflow"]
    return found


def helplines() -> Helplines:
    """Every step a helpline's record can take."""
    found: Helplines = current_app.extensions["helplines"]
    return found


def previews() -> PreviewLinks:
    """The links under which people without an account read a draft."""
    found: PreviewLinks = current_app.extensions["previews"]
    return found


def audit() -> Audit:
    """The log."""
    found: Audit = current_app.extensions["audit"]
    return found
