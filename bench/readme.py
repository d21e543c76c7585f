"""Writes the README's tables: each measuring script writes its own, between two comments that name it."""

import re
from datetime import UTC, datetime
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def table(head: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *[[str(cell) for cell in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, text: str, note: str) -> None:
    """Print a table, and put it into the README between `<!-- name -->` and `<!-- /name -->`, with today's date.

    Raises ValueError if the README has no such place.
    """
    whole = f"{text}\n\n{note} Measured on {datetime.now(UTC):%-d %B %Y}."
    print(f"\n{whole}\n")
    before = README.read_text("utf-8")
    after, count = re.subn(
        rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
        lambda match: match[1] + whole + "\n" + match[2],
        before,
        flags=re.S,
    )
    if not count:
        raise ValueError(f"README.md has no place called {name}.")
    README.write_text(after, "utf-8")
