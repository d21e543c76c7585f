"""How both applications are loaded and served: granian, with the same options everywhere.

Many connections, few threads: a slow client keeps nobody else waiting (rsgi.py, tests/faults).
"""

import errno
import logging
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from flask import Flask

from sidedoor import settings as settings_of
from sidedoor.documents.codes import Code, Where
from sidedoor.documents.problems import Problem, Refused
from sidedoor.private import keep_to_the_owner, private_tree
from sidedoor.settings import Settings
from sidedoor.web.background import start_with_the_server
from sidedoor.web.logs import set_up_logs, tell_once, without_a_log

log = logging.getLogger("sidedoor.health")

OPTIONS = (
    *("--interface", "rsgi", "--factory", "--no-ws", "--http", "1", "--log-level", "error"),
    *("--backlog", "4096", "--backpressure", "2048"),
    *("--http1-buffer-size", "65536", "--http1-header-read-timeout", "10000"),
    *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
)


def loaded(create_app: Callable[[Settings], Flask], name: str) -> Flask:
    """Make an application with the settings of the environment; the log knows it as `name`.

    Ends the program, with a sentence, if it cannot be made.
    """
    set_up_logs()
    keep_to_the_owner()
    try:
        settings = settings_of.of_environment()
        tell_once(settings.data, name)
        for problem in settings_of.unknown_names():
            log.warning("%s", problem)
        app = create_app(settings)
    except Refused as refused:
        sys.exit(sentences(refused))
    private_tree(app.config["DATA"])
    start_with_the_server(app)
    return app


def sentences(refused: Refused) -> str:
    """The problems that keep the program from starting, a line each."""
    return "\n".join(str(problem) for problem in refused.problems)


def command(target: str, host: str, port: int | str, workers: int) -> list[str]:
    """The command that serves `target`, a function of the form `module:name` that returns an application."""
    place = ("--host", host, "--port", str(port), "--workers", str(workers))
    return [sys.executable, "-m", "sidedoor.web.granian_patient", *OPTIONS, *place, target]


def ready(check: Callable[[Settings], None]) -> None:
    """End the program if `check` raises Refused, or if nobody can listen, so that the reason is said once.

    Otherwise every worker would say it, and be started again to say it again.
    """
    keep_to_the_owner()
    without_a_log()
    try:
        settings = settings_of.of_environment()
        check(settings)
        _refuse_if_port_is_taken(settings.host, settings.port)
    except Refused as refused:
        sys.exit(sentences(refused))


def _refuse_if_port_is_taken(host: str, port: int) -> None:
    """Raises problems.Refused if this program cannot listen there, or another one does.

    Two programs that each share their port among workers (SO_REUSEPORT) would silently share it with each other, too.
    """
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        code = Code.PLACE_TAKEN if error.errno == errno.EADDRINUSE else Code.PLACE_NOT_OURS
        values = {"place": f"{settings_of.in_address(host)}:{port}", "reason": os.strerror(error.errno or 0)}
        raise Refused([Problem(Where.HOST_AND_PORT, None, code, values)]) from None


def serve(target: str, host: str, port: int, workers: int) -> NoReturn:
    """Replace this process by that server. It may open as many files as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.execv(sys.executable, command(target, host, port, workers))  # noqa: S606 - no shell
