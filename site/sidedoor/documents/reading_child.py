"""A child process that reads and renders many documents: for a program that starts without kept copies.

The first line holds the folder and the site as JSON. Each further line names files, with the known digest of each. The
answer lists for each file, in order: digest, head and words; only the digest if it is the known one; or null if
anything is wrong, which the parent then finds out by reading the file itself.
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
"""The site's readers come first."""


class _RendersHere(Renderer):
    """Renders in this process, which may die in the attempt."""

    def render(self, body: str) -> Rendered:
        return render(body)


def main() -> None:
    """Answer until the parent closes the pipe."""
    os.nice(_NICER)
    limit_memory()
    folder, site_json = json.loads(sys.stdin.readline())
    content, site, renderer = Path(folder), Site.model_validate_json(site_json), _RendersHere()
    for line in sys.stdin:
        print(json.dumps([_read(content, site, renderer, *question) for question in json.loads(line)]), flush=True)


def _read(content: Path, site: Site, renderer: Renderer, file: str, known_digest: str) -> Answer:
    limit_time()
    try:
        raw = read_bytes(content, file)
        digest = hashlib.sha256(raw).hexdigest()
        if digest == known_digest:
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
