"""Requests whose bodies take little memory once they are read.

werkzeug limits a form's bytes, and the parts of multipart/form-data, but not the fields of an urlencoded form; and a
JSON text of 24 MB can become a gigabyte of empty lists. Anybody may send either, so both are counted before they are
read.
"""

import io
from typing import IO, Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

MOST_FIELDS = 5_000
"""More than any form of ours has; each takes a quarter of a kilobyte."""
MOST_JSON_BYTES = 64 * 1024
"""Only answers of passkeys are JSON."""


class _Parser(FormDataParser):
    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Any:
        if mimetype == "application/x-www-form-urlencoded":
            most = self.max_form_memory_size or 0
            raw = stream.read(most + 1)
            if len(raw) > most or raw.count(b"&") >= MOST_FIELDS:
                raise RequestEntityTooLarge
            stream = io.BytesIO(raw)
        return super().parse(stream, mimetype, content_length, options)


class LimitedRequest(Request):
    """A request of the site or the desk. An application that uses it has to set MAX_FORM_MEMORY_SIZE."""

    form_data_parser_class = _Parser

    def get_json(self, *args: Any, **kwargs: Any) -> Any:
        """As in Flask. Raises RequestEntityTooLarge for a JSON text that is too long."""
        if (self.content_length or 0) > MOST_JSON_BYTES:
            raise RequestEntityTooLarge
        return super().get_json(*args, **kwargs)
