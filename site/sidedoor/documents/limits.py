"""Limits that the kernel enforces on a child process: it ends a child that hostile input makes too greedy."""

import resource

SECONDS_A_QUESTION = 2
MEMORY_BYTES = 768 * 1024 * 1024


def limit_memory() -> None:
    """Let the kernel end this process when it takes more memory than anything honest needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_time(seconds: int = SECONDS_A_QUESTION) -> None:
    """Let the kernel end this process when its next question takes more processor time than this."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
