"""How words are sealed: AES-GCM (NIST SP 800-38D) with a key for each conversation, made at its start.

A sealed message is bound to its conversation and number, so that nobody can swap it for another.
"""

import hashlib
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sidedoor.chat.model import Kept, Unreadable

KEPT_AT: Mapping[Kept, int] = {"draft": -1, "answer": -2, "remark": -3}
"""The number that each of these is sealed with. (A message is sealed with its own number.)"""
_NONCE_BYTES = 12
_KEY_BYTES = 32


def new_key() -> bytes:
    """A key for one conversation: 256 bits."""
    return AESGCM.generate_key(8 * _KEY_BYTES)


def seal(key: bytes, conversation: int, number: int, text: str) -> bytes:
    """Encrypt `text`. Raises model.Unreadable if `key` has the wrong length."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    if len(key) != _KEY_BYTES:
        raise Unreadable(conversation)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), _place(conversation, number))


def unseal(key: bytes, conversation: int, number: int, sealed: bytes) -> str:
    """The words again. Raises model.Unreadable unless they were sealed with this key at this very place."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _place(conversation, number)).decode()
    except (InvalidTag, ValueError):  # ValueError: too short to be sealed words, or no key at all
        raise Unreadable(conversation) from None


def new_token(once: str = "") -> str:
    """A reader's token (256 bits). The same `once` (a Start that is sent twice) always gives the same token."""
    return hashlib.sha256(f"sidedoor chat {once}".encode()).hexdigest() if once else secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is stored instead of a reader's token: enough to recognise it, too little to reconstruct it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _place(conversation: int, number: int) -> bytes:
    return f"{conversation} {number}".encode()
