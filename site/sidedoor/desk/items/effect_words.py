"""What approving would do, in words: those that follow “Approve:”, and those of the calendar.

A button has to say exactly what it does.
"""

from sidedoor.desk.items.effects import ContactsEffect, Effect, What
from sidedoor.desk.words import moment_in_words
from sidedoor.documents.site import Site

APPROVING = {
    What.GOES_LIVE: "goes live {when}",
    What.CHANGES_SCHEDULED: "changes what goes live {when}",
    What.CHANGES_PUBLIC: "changes the public text now",
    What.CHANGES_WITHDRAWN: "changes the text of the withdrawn page now",
    What.CHANGES_REMOVED: "changes the removed page now",
    What.CHANGES_EXPIRED: "changes what is off the site",
    What.BRINGS_BACK: "brings it back now",
    What.TAKES_OFF: "takes it off the site now",
    What.TAKES_OFF_UNTIL: "takes it off the site now, until {when}",
    What.WITHDRAWS: "withdraws it {when}, under its reason",
    What.REMOVES: "removes it {when}",
    What.REPLACES: "replaces it with {replacement} {when}",
}
CALENDAR = {
    What.GOES_LIVE: "goes live",
    What.LEAVES: "leaves the site",
    What.IS_OVERDUE: "should have gone live: nobody has approved it",
    What.WITHDRAWS: "is withdrawn, under its reason",
    What.REMOVES: "is removed",
    What.REPLACES: "is replaced with {replacement}",
}
_MOST_NAMED = 3


def in_approving_words(effect: Effect | None, site: Site) -> str:
    """Return what approving does to a page, in words that follow “Approve:”; empty for None."""
    if effect is None:
        return ""
    when = moment_in_words(effect.at, site) if effect.at else "now"
    return APPROVING[effect.what].format(when=when, replacement=effect.replacement)


def in_calendar_words(effect: Effect) -> str:
    """Return what happens to a page at its moment, in words that follow the page's title."""
    return CALENDAR[effect.what].format(replacement=effect.replacement)


def in_contacts_words(effect: ContactsEffect | None) -> str:
    """Return what approving does to the contacts, in words that follow “Approve:”; empty for None."""
    if effect is None:
        return ""
    ways = {"adds": effect.adds, "changes": effect.changes, "takes out": effect.takes_out}
    said = [f"{verb} {_named(names)}" for verb, names in ways.items() if names]
    return f"{', '.join(said)} now" if said else "changes no contact"


def _named(names: tuple[str, ...]) -> str:
    return f"{len(names)} contacts" if len(names) > _MOST_NAMED else " and ".join(names)
