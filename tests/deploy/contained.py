"""Programs in a room, as a container engine or systemd would run them: a file system that is read-only except for named
folders, a network with no way out, and one user without further rights.

It is made with util-linux and coreutils (unshare, nsenter, chroot, setpriv), so it needs no engine; it needs root.
"""

import fcntl
import os
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.server import PROJECT

_OF_THE_SYSTEM = ("usr", "bin", "lib", "lib64", "sbin")


@dataclass
class Room:
    """What a program sees. `folders`: the test's folders by their paths inside; those in `writable` may be written to.

    `files` are added, or replace the system's: /etc/hosts. `of_processes_alone`: its /proc has nothing of the system, as
    systemd's ProcSubset=pid says.
    """

    user: int
    group: int
    groups: Sequence[int] = ()
    folders: Mapping[str, Path] = field(default_factory=dict)
    writable: frozenset[str] = frozenset()
    files: Mapping[str, Path] = field(default_factory=dict)
    directory: str = "/"
    of_processes_alone: bool = False

    def script(self) -> str:
        """Shell lines that lay the room out on /mnt, in a mount namespace, and then become the program that "$@" names."""
        lines = ["mount -t tmpfs -o mode=755 tmpfs /mnt", "cd /mnt", "mkdir proc dev tmp", "cp -a /etc ."]
        for name in _OF_THE_SYSTEM:
            if Path("/", name).is_symlink():
                lines.append(f"cp -a /{name} .")
            elif Path("/", name).is_dir():
                lines.append(_bound(f"/{name}", Path("/", name), writable=False))
        for path in (PROJECT, Path(sys.base_prefix)):
            lines.append(_bound(str(path), path, writable=False))
        for inside, outside in self.folders.items():
            lines.append(_bound(inside, outside, inside in self.writable))
        lines += [
            f"install -m 644 {shlex.quote(str(outside))} .{shlex.quote(inside)}"
            for inside, outside in self.files.items()
        ]
        proc = "-t proc -o subset=pid,hidepid=invisible proc" if self.of_processes_alone else "--rbind /proc"
        lines += [f"mount {proc} proc", "mount --rbind /dev dev", "mount -t tmpfs -o mode=1777 tmpfs tmp"]
        groups = ",".join(map(str, self.groups or (self.group,)))
        lines += [
            "mount -o remount,ro .",
            f"exec /usr/sbin/chroot . /usr/bin/setpriv --reuid {self.user} --regid {self.group} --groups {groups} --no-new-privs"
            f' --bounding-set=-all --inh-caps=-all sh -c \'cd {self.directory} && exec "$@"\' sh "$@"',
        ]
        return "\n".join(lines)


class Network:
    """A separate network, where every port is free. Programs started in it reach each other at 127.0.0.1."""

    def __init__(self) -> None:
        if os.getuid():
            pytest.skip("takes root: programs are run as other users on a read-only file system")
        self._holder = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", "from tests.deploy import contained; contained.hold_a_network()"],
            cwd=PROJECT, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._holder.stdout
        assert self._holder.stdout.readline() == b"up\n"
        self._programs: list[subprocess.Popen[bytes]] = []
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the rest

    def start(self, room: Room, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        """Start a program in a room. It ends when the network is closed."""
        program = subprocess.Popen(
            self._inside(room, command), env=dict(environment), stdout=self._log, stderr=self._log
        )
        self._programs.append(program)
        return program

    def run(
        self, room: Room, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program in a room and wait for its end."""
        return subprocess.run(
            self._inside(room, command), env=dict(environment), capture_output=True, text=True, check=False, timeout=100
        )  # fmt: skip

    def output(self) -> str:
        """What all the started programs wrote."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End the programs and the network."""
        for program in (*reversed(self._programs), self._holder):
            program.terminate()
            with suppress(subprocess.TimeoutExpired):
                program.wait(timeout=10)
            program.kill()
            program.wait()
        assert self._holder.stdout
        self._holder.stdout.close()
        self._log.close()

    def _inside(self, room: Room, command: Sequence[str]) -> list[str]:
        net = f"--net=/proc/{self._holder.pid}/ns/net"
        return ["nsenter", net, "--", "unshare", "--mount", "--", "sh", "-euc", room.script(), "sh", *command]


def hold_a_network() -> None:
    """Bring up the loopback interface (as `ip link set lo up` does), say so, and wait to be ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up_and_running = 0x1 | 0x40
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", up_and_running))  # SIOCSIFFLAGS
    print("up", flush=True)
    while True:
        time.sleep(60)


def wait_until(condition: Callable[[], object], seconds: float = 90) -> None:
    """Wait until a condition holds; raises AssertionError after `seconds`. Each check runs a program, so checks are rare."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def _bound(inside: str, outside: Path, writable: bool) -> str:
    place = shlex.quote(f".{inside}")
    read_only = "" if writable else f" && mount -o remount,ro,bind {place}"
    return f"mkdir -p {place} && mount --bind {shlex.quote(str(outside))} {place}{read_only}"
