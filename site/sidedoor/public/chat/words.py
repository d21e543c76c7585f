"""Where a conversation stands, and why none can start or go on, in a sentence or two each."""

from datetime import datetime

from sidedoor.chat import rules
from sidedoor.chat.hours import is_open
from sidedoor.chat.model import Conversation, Why, whole_minutes
from sidedoor.public.chat.conversation import the_chat
from sidedoor.public.chat.messages import ShownMessage, is_new
from sidedoor.public.current import chat_now, chats
from sidedoor.web.current import current_public
from sidedoor.web.language import translate as _
from sidedoor.web.language import translate_number as ngettext


def standing_of(conversation: Conversation) -> rules.Standing:
    """Where a conversation stands, by the hours and by who is here."""
    within = is_open(the_chat(), current_public().site.zone, chat_now())
    somebody = conversation.state != "waiting" or bool(chats().present(chat_now()))
    return rules.standing(conversation, within, somebody, chat_now())


def status_of(conversation: Conversation, standing: rules.Standing) -> str:
    """What is happening in the reader's conversation, in a sentence or two."""
    numbers = _("You can also call one of the numbers below.")
    match standing:
        case "with you":
            with_you = _("An adviser is with you.")
            along = _("A second adviser reads along, to learn or to help.") if conversation.watcher else ""
            return f"{with_you} {along}".rstrip()
        case "adviser gone":
            lost = _("The adviser's connection is lost just now. Your chat is kept, and another adviser may go on.")
            return f"{lost} {numbers}"
        case "nobody":
            away = _("No adviser is here just now, so nobody can answer. Your place is kept for now.")
            return f"{away} {numbers}"
        case "closed":
            late = _("The chat has closed for now. An adviser may still answer you, but we cannot promise it.")
            return f"{late} {numbers}"
        case "next":
            place = _("You are next. An adviser will answer as soon as one is free.")
        case "behind":
            ahead = conversation.place - 1
            place = _("Still before you: %(number)s. You can read other pages; your place is kept.") % {"number": ahead}
    return f"{place} {usual_wait()}".rstrip()


def bar_of(
    conversation: Conversation, standing: rules.Standing, status: str, newer: list[ShownMessage], shown: int
) -> str:
    """The same for pages outside the chat: what matters most, in one short sentence."""
    new = sum(is_new(message, shown) and message.who == "adviser" for message in newer)
    if new:
        count = ngettext("%(number)s new reply in your chat.", "%(number)s new replies in your chat.", new)
        return count % {"number": new}
    if rules.asks_whether_there(conversation, chat_now()):
        return _("Are you still there? Your chat ends by itself in a few minutes.")
    match standing:
        case "with you":
            return status
        case "adviser gone":
            return _("Your adviser's connection is lost just now. Your chat is kept.")
        case "next" | "behind":
            return _("You wait in the chat. Your place is kept.")
    return _("No adviser is in the chat just now.")


def usual_wait() -> str:
    """How long others waited today; empty if nobody did."""
    wait = chats().usual_wait(_midnight(), chat_now())
    if wait is None:
        return ""
    minutes = max(1, whole_minutes(wait))
    today = ngettext(
        "People waited about %(number)s minute today.", "People waited about %(number)s minutes today.", minutes
    )
    return today % {"number": minutes}


def _midnight() -> datetime:
    """When this day began in the site's zone."""
    return chat_now().astimezone(current_public().site.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def why_refused(why: Why) -> str:
    """Why no conversation can start: the true reason, and no other."""
    sentences: dict[Why, str] = {
        "full": _(
            "Many people are waiting just now, so we cannot promise you an answer here. Please call, or try again"
            " later."
        ),
        "network": _(
            "Too many chats are open just now from the Wi-Fi or network that you use. When one ends, you can start."
        ),
        "often": _(
            "Very many chats were started in the last hour from the Wi-Fi or network that you use. Please call, or try"
            " again in an hour."
        ),
        "blocked": _(
            "An adviser ended another chat from the Wi-Fi or network that you use, so for some hours you cannot start"
            " one here. Please call."
        ),
    }
    return sentences[why]


def why_over(conversation: Conversation | None) -> str:
    """Why a conversation ended; empty if its reader or an adviser ended it."""
    match conversation.reason if conversation else None:
        case "quiet":
            return _("It was quiet for a while, so it ended by itself.")
        case "broken":
            return why_broken()
    return ""


def why_broken() -> str:
    """Why a conversation could not go on."""
    return _("Something went wrong on our side, so we had to end it. Please call, or start again.")
