"""A child process that reads documents from end to end, many of them: for a start that finds no copies.

The first line is the folder and the site as JSON. Each further line names files, with the digest that is known of each;
each answer says of them, in order: digest, head and words; the digest alone where it is the known one; or nothing where
anything is wrong, which whoever asked then finds out for themselves.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from sidedoor.documents.document import Document
from sidedoor.documents.lean import head_of, words_of
from sidedoor.documents.limits import limit_memory, limit_time
from sidedoor.documents.markdown import Rendered, render
from sidedoor.documents.problems import Refused
from sidedoor.documents.reading import read, read_bytes
from sidedoor.documents.renderer import Renderer
from sidedoor.documents.site import Site

Answer = tuple[str, ...] | None
_NICER = 5
"""The readers who are there already come first."""


class _Here(Renderer):
    """Renders in this process, which may die of it."""

    def render(self, body: str) -> Rendered:
        return render(body)


def main() -> None:
    """Read until the parent closes the pipe."""
    os.nice(_NICER)
    limit_memory()
    folder, site = json.loads(sys.stdin.readline())
    content, chosen, renderer = Path(folder), Site.model_validate_json(site), _Here()
    for line in sys.stdin:
        print(json.dumps([_read(content, chosen, renderer, *asked) for asked in json.loads(line)]), flush=True)


def _read(content: Path, site: Site, renderer: Renderer, file: str, known: str) -> Answer:
    limit_time()
    try:
        raw = read_bytes(content, file)
        digest = hashlib.sha256(raw).hexdigest()
        if digest == known:
            return (digest,)
        document = read(raw, file, site, renderer)
    except Refused:
        return None
    except (RecursionError, MemoryError):
        sys.exit(1)
    assert isinstance(document, Document)
    return digest, head_of(document), words_of(document).to_json()


if __name__ == "__main__":
    main()
