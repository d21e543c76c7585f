"""The child process in which Markdown is rendered: one JSON line in, one JSON line out.

A few kilobytes can keep Python-Markdown busy for minutes (Python-Markdown issues 161 and 798). So the kernel ends
this process when one document uses more processor time or memory than any honest one would.
"""

import json
import resource
import sys

from sidedoor.documents.markdown import render

SECONDS_A_DOCUMENT = 2
MEMORY_BYTES = 768 * 1024 * 1024


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


def limit_memory() -> None:
    """Let the kernel end this process when it takes more memory than any honest document needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_time() -> None:
    """The same for the processor time of the next document."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + SECONDS_A_DOCUMENT
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
