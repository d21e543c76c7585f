"""Whole numbers in addresses and forms: the digits 0 to 9, and few enough of them for any database.

`int()` and `\\d` take the digits of every script, and as many as somebody sends. One number would then have thousands
of spellings, each a separate address, and no database takes the long ones.
"""

import re

from flask import Flask
from werkzeug.routing import IntegerConverter, ValidationError

_DIGITS = re.compile(r"[0-9]{1,18}")


def whole_number(text: str) -> int:
    """The number that `text` is, from 0 to 10^18 - 1. Raises ValueError for anything else."""
    if not _DIGITS.fullmatch(text):
        raise ValueError("This is no whole number.")
    return int(text)


class WholeNumber(IntegerConverter):
    """`<int:…>` in a route, with one spelling for each number, so that no page has a second address."""

    regex = _DIGITS.pattern

    def to_python(self, value: str) -> int:
        """As in werkzeug. Raises ValidationError, which is 404."""
        if value.startswith("0") and len(value) > 1 and not self.fixed_digits:
            raise ValidationError
        return int(super().to_python(value))


def read_numbers(app: Flask) -> None:
    """Make every `<int:…>` of `app` a WholeNumber. Call this before adding a route."""
    app.url_map.converters["int"] = WholeNumber
