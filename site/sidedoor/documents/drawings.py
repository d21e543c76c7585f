"""The drawings that stand beside an idea (`/// idea | phone`): one file each in the folder drawings, ours alone.

To add one: put it there. It is one `<svg>` without a width or a colour of its own: see the others, and few lines.
"""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "drawings"
DRAWINGS = frozenset(path.stem for path in _FOLDER.glob("*.svg"))


@cache
def drawing(name: str) -> str:
    """The `<svg>` element of one of DRAWINGS. It says what the words beside it say, so nothing reads it out."""
    return (_FOLDER / f"{name}.svg").read_text("utf-8").strip()
