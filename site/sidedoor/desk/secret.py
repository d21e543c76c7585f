"""The desk's own secret, in a file: 32 random bytes, made when first asked for. Whoever opens it finds all of them."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def secret_in(path: Path) -> bytes:
    """The secret in the file `path`, the same for every program that asks. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole under another name (which mkstemp lets nobody else read), then linked: whoever comes second
        # takes the first one's.
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(32))
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            os.unlink(temporary)
    return path.read_bytes()
