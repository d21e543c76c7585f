"""The reasons why the desk does not take a step, each a code. Their words are in `refusal_words.py`."""

from enum import StrEnum, auto


class Refusal(StrEnum):
    """A reason. Code compares these, never the sentences that people read."""

    # Who may approve what, and when
    OWN_WORDS = auto()
    SIGNED_ALREADY = auto()
    CHANGED_SINCE_READ = auto()
    PUBLIC_CHANGED = auto()
    ONLY_EDITORS_PUBLISH_ALONE = auto()
    NO_REASON_TO_PUBLISH_ALONE = auto()
    NOTHING_TO_APPROVE_AFTERWARDS = auto()
    ROLE_DOES_NOT_APPROVE = auto()
    ROLE_DOES_NOT_WRITE = auto()
    NOT_READY = auto()
    NOTHING_WAITS = auto()
    PUBLISHED_ALREADY = auto()
    # The condition an item must be in for a step
    NO_TITLE = auto()
    NOT_FIT_TO_SEND = auto()
    NOT_FIT_TO_PUBLISH = auto()
    DRAFT_ALREADY = auto()
    NOT_SCHEDULED = auto()
    NEVER_PUBLISHED = auto()
    NOT_SEEN_YET = auto()
    NO_REASON_TO_WITHDRAW = auto()
    NO_REPLACEMENT = auto()
    NOT_WITHDRAWN = auto()
    PUBLIC_IS_NOT_DELETED = auto()
    ONLY_EDITORS_MOVE = auto()
    ADDRESS_TAKEN = auto()
    ADDRESS_TAKEN_SINCE = auto()
    NO_HISTORY_NOW = auto()
    HERE_ALREADY = auto()
    NOT_IN_HISTORY = auto()
    # Translations
    LANGUAGE_NOT_KNOWN = auto()
    ORIGINAL_CHANGED = auto()
    OTHER_PAGE = auto()
    NOT_ALL_TRANSLATED = auto()
    # Contacts
    CONTACT_IS_SHOWN = auto()
    CONTACTS_CHANGED = auto()
    NO_CONTACTS = auto()
    # Files
    CHANGED_MEANWHILE = auto()
    FOLDER_AWAY = auto()
    NOT_SAVED = auto()
    UNREADABLE = auto()
    CHARACTER_LOST = auto()
    NOT_UTF8 = auto()
    NOT_OUR_NAME = auto()
    OUTSIDE_CONTENT = auto()
    # Pictures
    PICTURE_EMPTY = auto()
    PICTURE_TOO_BIG = auto()
    PICTURE_PIXELS = auto()
    PICTURE_MOVES = auto()
    PICTURE_SEVERAL = auto()
    PICTURE_COLOURS = auto()
    PICTURE_FORMAT = auto()
    PICTURE_STAYS_BIG = auto()
    PICTURE_WITHOUT_WORDS = auto()
    PICTURE_IN_USE = auto()
    PICTURE_NOT_HERE = auto()
    # Comments
    COMMENT_EMPTY = auto()
    COMMENT_TOO_LONG = auto()
    COMMENT_GONE = auto()
    NOT_A_PASSAGE = auto()
    # People, and how they sign in
    NOT_A_NAME = auto()
    NAME_TAKEN = auto()
    NO_ROLE = auto()
    LAST_ADMIN = auto()
    NOTHING_TO_RECOVER = auto()
    RECOVERY_TAKES_TWO = auto()
    LINK_SPENT = auto()
    ONLY_WAY_IN = auto()
    PASSKEY_TAKEN = auto()
    PASSKEY_REFUSED = auto()
    PASSWORD_SHORT = auto()
    PASSWORD_COMMON = auto()
    CODE_WRONG = auto()
    ACCOUNT_TAKEN = auto()
    FORM_INCOMPLETE = auto()
    # The settings of the site
    SITE_UNREADABLE = auto()
    NOT_HOURS = auto()
    NOT_A_HOLIDAY = auto()
    # Mail
    NOT_A_MAIL_ADDRESS = auto()
    NO_MAIL_SERVER = auto()
    MAIL_NOT_REACHED = auto()
    MAIL_CERTIFICATE = auto()
    MAIL_NO_TLS = auto()
    MAIL_PASSWORD_REFUSED = auto()
    MAIL_ADDRESS_REFUSED = auto()
    MAIL_REFUSED = auto()
    # The desk's own databases
    DATABASE_AWAY = auto()
    NOT_RECORDED = auto()
    HALF_WRITTEN = auto()


class Stopped(Exception):
    """A step that was not taken. `values`: what the words for `why` mention."""

    def __init__(self, why: Refusal, **values: object) -> None:
        super().__init__(why, values)
        self.why, self.values = why, values


class HalfDone(Stopped):
    """A step that was taken only in part: its files are written, but something that should follow is not."""
