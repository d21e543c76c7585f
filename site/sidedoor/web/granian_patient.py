"""granian with a reload that waits: an old worker ends only after a new one takes connections.

granian itself waits for 3.5 s. A worker that has to read a national newsroom takes longer, and in between nobody would
listen. `python -m sidedoor.web.granian_patient …` takes the arguments of `python -m granian`.
"""

import time
from importlib import import_module
from pathlib import Path
from typing import Any

from granian.server.mp import MPServer

_LONGEST_SECONDS = 600
_LOOKS_EVERY_SECONDS = 0.1
_LISTENS = "0A"  # https://docs.kernel.org/networking/proc_net_tcp.html


class PatientServer(MPServer):
    """The server of granian's command. Each of its workers listens on a separate socket (SO_REUSEPORT)."""

    _reloads = False

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        self._reloads = delay > 0  # otherwise one died, and none has to end
        super()._respawn_workers(workers, spawn_target, target_loader)
        self._reloads = False

    def _spawn_worker(self, idx: Any, target: Any, callback_loader: Any, *others: Any) -> Any:
        worker: Any = super()._spawn_worker(idx, target, callback_loader, *others)
        if self._reloads:
            start = worker.start

            def start_and_wait() -> None:
                before = listening(self.bind_port)
                start()
                self._wait(worker, before)

            worker.start = start_and_wait
        return worker

    def _wait(self, worker: Any, before: int) -> None:
        ends = time.monotonic() + _LONGEST_SECONDS
        while listening(self.bind_port) <= before and worker.is_alive() and not self.interrupt_signal:
            if time.monotonic() > ends:
                return
            time.sleep(_LOOKS_EVERY_SECONDS)


def listening(port: int) -> int:
    """How many sockets of this machine listen on a port."""
    sockets = 0
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):  # under systemd's ProcSubset=pid there is no /proc/net
        rows = [line.split() for line in Path(table).read_text("ascii").splitlines()] if Path(table).exists() else []
        sockets += sum(row[3] == _LISTENS and row[1].endswith(f":{port:04X}") for row in rows)
    return sockets


if __name__ == "__main__":
    cli: Any = import_module("granian.cli")
    cli.Server = PatientServer
    cli.entrypoint()
