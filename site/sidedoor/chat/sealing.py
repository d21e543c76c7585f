"""How words are sealed: AES-GCM (NIST SP 800-38D) with a key of the conversation's own, made at its start.

A sealed message is bound to its conversation and number, so that nobody can put one in the place of another.
"""

import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


def new_key() -> bytes:
    """A key for one conversation: 256 bits."""
    return AESGCM.generate_key(256)


def seal(key: bytes, conversation: int, number: int, text: str) -> bytes:
    """`text`, so that only who has `key` can read it."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), _place(conversation, number))


def unseal(key: bytes, conversation: int, number: int, sealed: bytes) -> str:
    """The words again. Raises cryptography.exceptions.InvalidTag for what was not sealed at this very place."""
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _place(conversation, number)).decode()


def digest(token: str) -> str:
    """What is kept of a reader's token: enough to know it again, too little to make it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _place(conversation: int, number: int) -> bytes:
    return f"{conversation} {number}".encode()
