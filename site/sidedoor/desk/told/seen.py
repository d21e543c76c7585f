"""What somebody has seen needs to be told no longer: of comments, at the desk and where they are kept."""

from collections.abc import Collection

from sidedoor.desk.access import current_person
from sidedoor.desk.current import comments, notices
from sidedoor.desk.told.notices import Kind


def comments_seen(files: Collection[str]) -> None:
    """Whoever is signed in has seen the comments on these: `news/first.md`."""
    person = current_person().id
    comments().seen(person, files)
    read = [one.id for one in notices().of(person) if one.kind is Kind.COMMENT and one.about in files]
    if read:
        notices().seen(person, read)
