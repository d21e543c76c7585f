"""The conversation of the reader who makes this request: its cookie, and what the site's chat is."""

from flask import abort, request
from werkzeug.wrappers import Response

from sidedoor.chat.cookies import conversation_cookie
from sidedoor.chat.hours import is_open
from sidedoor.chat.model import Conversation, StoreDown
from sidedoor.chat.sealing import digest
from sidedoor.documents.fixed_addresses import CHAT
from sidedoor.documents.site import Chat
from sidedoor.public.current import chat_now, chats, settings
from sidedoor.public.hidden_first import STILL_RUNS_KEY
from sidedoor.web.current import current_public
from sidedoor.web.language import in_own_language


def chat_address() -> str:
    """The chat's page, in the reader's language."""
    return in_own_language(CHAT)


def the_chat() -> Chat:
    """What site.toml says of the chat. Aborts with 404 if this site has none."""
    return current_public().site.chat or abort(404)


def is_open_now() -> bool:
    """Whether a conversation can start: within the hours, while an adviser is there."""
    return is_open(the_chat(), current_public().site.zone, chat_now()) and bool(chats().present(chat_now()))


def cookie_name() -> str:
    """The cookie that identifies a conversation."""
    return conversation_cookie(settings().https)


def my_conversation() -> Conversation | None:
    """This reader's conversation, if it is still known. Raises StoreDown if it was left and could not be ended."""
    the_chat()
    if STILL_RUNS_KEY in request.environ:
        raise StoreDown("not ended yet")
    token = request.cookies.get(cookie_name())
    return chats().find(token, chat_now()) if token else None


def without_cookie(response: Response) -> Response:
    """The response, which also deletes the conversation's cookie, if there is one."""
    if request.cookies.get(cookie_name()):
        response.delete_cookie(cookie_name(), httponly=True, samesite="Strict", secure=settings().https)
    return response


def ticket_of(conversation: Conversation | None) -> str:
    """A ticket with which the reader of this conversation can say, once, how it was. Empty if nobody answered: then
    they are not asked."""
    token = request.cookies.get(cookie_name())
    return digest(token) if token and conversation and conversation.adviser else ""
