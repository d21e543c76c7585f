"""The child process that renders Markdown: one JSON line in, one JSON line out.

A few kilobytes can keep Python-Markdown busy for minutes (Python-Markdown issues 161 and 798). So the kernel ends this
process when one document uses more processor time or memory than any honest one would.
"""

import json
import sys

from sidedoor.documents.limits import limit_memory, limit_time
from sidedoor.documents.markdown import render


def main() -> None:
    """Render until the parent closes the pipe."""
    limit_memory()
    for line in sys.stdin:
        limit_time()
        try:
            answer = render(json.loads(line)).as_json()
        except (RecursionError, MemoryError):
            sys.exit(1)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
