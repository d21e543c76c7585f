"""A site of one's own: what `sidedoor init` writes, and what an example that it was made from may have left behind."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# The wheel carries the folder inside the package; a checkout has it beside site/.
EXAMPLES = _PACKAGE / "examples" if (_PACKAGE / "examples").is_dir() else _PACKAGE.parents[1] / "examples"
# Whoever serves the example may have made it private to them: others still have to be able to start the program.
_SITES = sorted(EXAMPLES.glob("[!.]*")) if EXAMPLES.is_dir() else []
EXAMPLE = next((folder for folder in _SITES if folder.name != "starters"), EXAMPLES / "none")
"""The one that brings pages along, and that is served while nothing else is named."""
CLAIMS = "claims.txt"
"""What it says of itself and only its owner can say, a phrase a line."""
