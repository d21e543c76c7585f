"""The words of a mail: what kind of thing it is about, and a link. Never a word of an item, a name, or part of an
address that was made from a title: other people read a mailbox, and one line is enough to break an embargo.
"""

from collections.abc import Sequence

from sidedoor.desk.notices.store import Kind, Notice

FOR_ONE = {
    Kind.WAITS: "Something waits for your approval",
    Kind.ALONE: "Something published by one person alone waits for you",
    Kind.APPROVED: "Something you wrote was approved",
    Kind.LIVE: "Something you wrote is live",
    Kind.SENT_BACK: "Something you wrote was sent back",
    Kind.COMMENT: "A comment at the desk is for you",
    Kind.MESSAGE: "A reader wrote to you",
    Kind.CONTACTS_DUE: "Contacts are to be checked",
    Kind.BROKEN: "A file cannot be used as it is",
    Kind.BACKUP_LATE: "The backup is late",
}
FOR_SEVERAL = {
    Kind.WAITS: "things wait for your approval",
    Kind.ALONE: "things were published by one person alone and wait for your approval",
    Kind.APPROVED: "things you wrote were approved",
    Kind.LIVE: "things you wrote are live",
    Kind.SENT_BACK: "things you wrote were sent back",
    Kind.COMMENT: "comments at the desk are for you",
    Kind.MESSAGE: "messages of readers wait for an answer",
}
CHOICES = {
    Kind.WAITS: "Something waits for my approval",
    Kind.ALONE: "Something was published by one person alone",
    Kind.APPROVED: "Something I wrote is approved",
    Kind.LIVE: "Something I wrote is live",
    Kind.SENT_BACK: "Something I wrote is sent back",
    Kind.COMMENT: "A comment on what I wrote, or on what I commented on",
    Kind.MESSAGE: "A reader's message",
    Kind.CONTACTS_DUE: "Contacts are to be checked",
    Kind.BROKEN: "A file cannot be used",
    Kind.BACKUP_LATE: "The backup is late",
}
HOWS = {"now": "a mail at once", "digest": "in the morning's digest", "desk": "at the desk alone"}
TEST = ("A test", "This is a test. Mail of the desk reaches you.\n")
_WHY = (
    "It says no more than that, because mail is not private. Sign in to read it. You choose what you are told of, and"
    " how:\n{desk}/notices\n"
)


def letter(notices: Sequence[Notice], desk: str) -> tuple[str, str]:
    """Return the subject and text of a mail about these notices. `desk`: the address of the desk."""
    by_kind = {kind: [notice for notice in notices if notice.kind is kind] for kind in Kind}
    lines = [
        f"{FOR_ONE[kind]}:\n{desk}/notices/{of_kind[0].id}\n"
        if len(of_kind) == 1 or kind not in FOR_SEVERAL
        else f"{len(of_kind)} {FOR_SEVERAL[kind]}:\n{desk}/notices\n"
        for kind, of_kind in by_kind.items()
        if of_kind
    ]
    kinds = [kind for kind in Kind if by_kind[kind]]
    subject = FOR_ONE[kinds[0]] if len(notices) == 1 else f"{len(notices)} notices"
    return subject, "\n".join([*lines, _WHY.format(desk=desk)])


def digest(notices: Sequence[Notice], desk: str) -> tuple[str, str]:
    """Return the subject and text of the daily mail about these notices."""
    subject, text = letter(notices, desk)
    return ("Today: " + (subject[0].lower() + subject[1:]), text)
