"""Records which comments a person has seen, so that no notice tells them again."""

from collections.abc import Collection

from sidedoor.desk.access import current_person
from sidedoor.desk.current import comments, notices
from sidedoor.desk.notices.store import Kind


def comments_seen(files: Collection[str]) -> None:
    """Record that whoever is signed in has seen the comments on these files, such as `news/first.md`."""
    person = current_person().id
    comments().mark_seen(person, files)
    read = [notice.id for notice in notices().of(person) if notice.kind is Kind.COMMENT and notice.about in files]
    if read:
        notices().mark_seen(person, read)
