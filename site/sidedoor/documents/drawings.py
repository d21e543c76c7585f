"""The drawings that are shown beside an idea (`/// idea | phone`): one file each in the folder drawings, all our own.

To add one, put it there: one short `<svg>` without a width or a colour of its own, like the others.
"""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "drawings"
DRAWINGS = frozenset(path.stem for path in _FOLDER.glob("*.svg"))


@cache
def drawing(name: str) -> str:
    """The `<svg>` element of one of DRAWINGS. It repeats the words beside it, so screen readers skip it."""
    return (_FOLDER / f"{name}.svg").read_text("utf-8").strip()
