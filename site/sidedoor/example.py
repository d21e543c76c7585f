"""Where the example site is: it is served if no other content is named, and new sites are made from it."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# The wheel carries the folder inside the package; in a checkout it is beside site/.
EXAMPLES = _PACKAGE / "examples" if (_PACKAGE / "examples").is_dir() else _PACKAGE.parents[1] / "examples"
# The user who serves the example may have made it private: other users must still be able to start the program.
_SITES = sorted(EXAMPLES.glob("[!.]*")) if EXAMPLES.is_dir() else []
EXAMPLE = next((folder for folder in _SITES if folder.name != "starters"), EXAMPLES / "none")
"""The example with pages, which is served if no other content is named."""
CLAIMS = "claims.txt"
"""A file of phrases, one on each line, that the example says about itself and only its owner may say."""
