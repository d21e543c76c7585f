"""Ends connections whose reader takes nothing for too long: each holds an answer, and a place that others need.

granian has no time limit for sending. Linux has one for each socket, and a connection takes it over from the socket
that accepted it (TCP_USER_TIMEOUT in tcp(7); it also counts while the other end keeps its window closed).
"""

import os
import socket
import time
from contextlib import suppress

STALLED_SECONDS = 30
"""A phone that loses its network for a moment is left alone. (nginx's `send_timeout` in deploy/nginx.conf is 20.)"""
_LOOKS_EVERY_SECONDS, _LOOKS_FOR_SECONDS = 0.05, 60.0
_OPEN = "/proc/self/fd"


def end_stalled_connections(port: int) -> None:
    """Set the limit once this process listens on `port`; give up after a minute if it never does.

    For a separate thread: granian opens its socket after it has started our tasks.
    """
    ends = time.monotonic() + _LOOKS_FOR_SECONDS
    while not _is_limited(port) and time.monotonic() < ends:
        time.sleep(_LOOKS_EVERY_SECONDS)


def _is_limited(port: int) -> bool:
    is_limited = False
    for number in os.listdir(_OPEN):
        with suppress(OSError):
            # Only sockets are duplicated: closing a copy of SQLite's file would release its locks (POSIX, close).
            if os.readlink(f"{_OPEN}/{number}").startswith("socket:"):
                with socket.socket(fileno=os.dup(int(number))) as copy:
                    if _listens(copy, port):
                        copy.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * STALLED_SECONDS)
                        is_limited = True
    return is_limited


def _listens(copy: socket.socket, port: int) -> bool:
    by_network = copy.family in (socket.AF_INET, socket.AF_INET6) and copy.type == socket.SOCK_STREAM
    listens = by_network and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return bool(listens) and copy.getsockname()[1] == port
