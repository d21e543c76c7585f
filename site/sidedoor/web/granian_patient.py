"""granian with a reload that waits: an old worker ends only after a new one takes connections, or goes on without it.

granian itself waits for 3.5 s. A worker that has to read a national newsroom takes longer, and in between nobody would
listen. `python -m sidedoor.web.granian_patient …` takes the arguments of `python -m granian`.
"""

import logging
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from granian.server.mp import MPServer

from sidedoor.web.logs import set_up_logs

_LONGEST_SECONDS = 600
_LOOKS_EVERY_SECONDS = 0.1
_LISTENS = "0A"  # https://docs.kernel.org/networking/proc_net_tcp.html
log = logging.getLogger("sidedoor.server")


class PatientServer(MPServer):
    """The server of granian's command. Each of its workers listens on a separate socket (SO_REUSEPORT)."""

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        if not delay:  # one died; only a reload has a delay
            super()._respawn_workers(workers, spawn_target, target_loader)
            return
        for idx in workers:
            if not self._replace(idx, spawn_target, target_loader):
                log.error(
                    "The program that is installed now does not start, so the one from before goes on. What the new one"
                    " says is above: mend that, and reload again."
                )
                return

    def _replace(self, idx: int, spawn_target: Any, target_loader: Any) -> bool:
        """Put a new worker in the place of an old one; False if it ended before it listened, and the old one stays."""
        worker: Any = self._spawn_worker(idx, spawn_target, target_loader)
        worker.interrupt_by_parent = True  # until it listens, its end is no reason to end the others
        before = listening(self.bind_port)
        worker.start()
        self._wait(worker, before)
        if not worker.is_alive() and not self.interrupt_signal:
            return False
        worker.interrupt_by_parent = False
        if not worker.is_alive():  # nobody was told of its end
            self.interrupt_children.append(idx)
            self.main_loop_interrupt.set()
        old: Any = self.wrks[idx]
        self.wrks[idx] = worker
        old.terminate()
        old.join(self.workers_kill_timeout)
        if old.is_alive():
            old.kill()
            old.join()
        return True

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
    set_up_logs()
    cli: Any = import_module("granian.cli")
    cli.Server = PatientServer
    cli.entrypoint()
