"""Programs in a room of their own, as a container engine or systemd would run them: a file system that is read-only but for
what is named, a network with nothing but itself, one user without a right more.

Made of what util-linux and coreutils bring (unshare, nsenter, chroot, setpriv), so no engine is needed; it takes root.
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
    """What a program finds. `folders`: ours, by their paths inside; those in `writable` may be written to.

    `files` come in addition, or in the place of others: /etc/hosts.
    """

    user: int
    group: int
    groups: Sequence[int] = ()
    folders: Mapping[str, Path] = field(default_factory=dict)
    writable: frozenset[str] = frozenset()
    files: Mapping[str, Path] = field(default_factory=dict)
    directory: str = "/"

    def script(self) -> str:
        """The shell's lines that lay it out on /mnt, in a mount namespace, and become the program that "$@" names."""
        lines = ["mount -t tmpfs -o mode=755 tmpfs /mnt", "cd /mnt", "mkdir proc dev tmp", "cp -a /etc ."]
        for name in _OF_THE_SYSTEM:
            if Path("/", name).is_symlink():
                lines.append(f"cp -a /{name} .")
            elif Path("/", name).is_dir():
                lines.append(_bound(f"/{name}", Path("/", name), writable=False))
        for path in (PROJECT, Path(sys.base_prefix)):
            lines.append(_bound(str(path), path, writable=False))
        for inside, ours in self.folders.items():
            lines.append(_bound(inside, ours, inside in self.writable))
        lines += [
            f"install -m 644 {shlex.quote(str(ours))} .{shlex.quote(inside)}" for inside, ours in self.files.items()
        ]
        lines += ["mount --rbind /proc proc", "mount --rbind /dev dev", "mount -t tmpfs -o mode=1777 tmpfs tmp"]
        groups = ",".join(map(str, self.groups or (self.group,)))
        lines += [
            "mount -o remount,ro .",
            f"exec /usr/sbin/chroot . /usr/bin/setpriv --reuid {self.user} --regid {self.group} --groups {groups} --no-new-privs"
            f' --bounding-set=-all --inh-caps=-all sh -c \'cd {self.directory} && exec "$@"\' sh "$@"',
        ]
        return "\n".join(lines)


class Network:
    """A network of its own, where every port is free. Programs that are started in it meet at 127.0.0.1."""

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
        """Start a program in a room; it ends with the network."""
        program = subprocess.Popen(
            self._inside(room, command), env=dict(environment), stdout=self._log, stderr=self._log
        )
        self._programs.append(program)
        return program

    def run(
        self, room: Room, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program there to its end."""
        return subprocess.run(
            self._inside(room, command), env=dict(environment), capture_output=True, text=True, check=False, timeout=100
        )  # fmt: skip

    def said(self) -> str:
        """What all that were started wrote."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End all of it."""
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


def wait_until(is_so: Callable[[], object], seconds: float = 90) -> None:
    """Raises AssertionError where it is not within `seconds`. To ask is a program of its own, so it is asked seldom."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def _bound(inside: str, ours: Path, writable: bool) -> str:
    place = shlex.quote(f".{inside}")
    read_only = "" if writable else f" && mount -o remount,ro,bind {place}"
    return f"mkdir -p {place} && mount --bind {shlex.quote(str(ours))} {place}{read_only}"
