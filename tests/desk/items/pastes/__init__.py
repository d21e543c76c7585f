"""Pastes as files, each with its expected Markdown: see README.md."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A paste: the HTML or text on the clipboard, the expected Markdown, and the sentence about what was left out."""

    name: str
    html: str
    text: str
    markdown: str
    said: str


def _read(path: Path) -> str:
    return path.read_bytes().decode() if path.is_file() else ""


def _case(path: Path) -> Case:
    html, text = (_read(path), "") if path.suffix == ".html" else ("", _read(path))
    return Case(
        path.stem, html, text, _read(path.with_suffix(".md")).rstrip("\n"), _read(path.with_suffix(".said")).strip()
    )


CASES = [_case(path) for path in sorted(Path(__file__).parent.iterdir()) if path.suffix in {".html", ".txt"}]
