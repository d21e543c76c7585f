"""The chat's two cookies, the only ones of the public site: by them every layer knows who is in a conversation."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_NAME = "chat"
CONVERSATION_COOKIES = (_NAME, f"__Host-{_NAME}")
"""The name, without TLS and with it, of the only cookie that the site sets: it identifies a conversation."""
MARK_COOKIE = "left"
"""A page's script sets this one when a conversation is left (see public/hidden_first.py): no script can delete the
other."""
_EITHER = re.compile(rf"(?:^|;)\s*(?:{'|'.join((*CONVERSATION_COOKIES, MARK_COOKIE))})=")


def conversation_cookie(https: bool) -> str:
    """The name of the cookie that identifies a conversation. With TLS no subdomain can set it."""
    return CONVERSATION_COOKIES[https]


def in_conversation(environ: "WSGIEnvironment") -> bool:
    """Whether a request carries the cookie that identifies a conversation, or the mark that one was left.

    Its answer is made for this reader alone: it is neither remembered nor taken from what is remembered.
    """
    return _EITHER.search(environ.get("HTTP_COOKIE", "")) is not None
