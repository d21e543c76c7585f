"""Runs a command without the system calls that a systemd unit forbids: `forbidden.py CALLS COMMAND…`.

CALLS are separated by commas. `set-group-ID` stands for what RestrictSUIDSGID= forbids, which fails with EPERM; any other
call kills, as SystemCallFilter= does. seccomp(2); a machine other than x86-64 forbids nothing.
"""

import ctypes
import os
import platform
import struct
import sys

_X86_64 = 0xC000003E
NUMBERS = {
    "setrlimit": 160, "setpriority": 141, "sched_setparam": 142, "sched_setscheduler": 144, "sched_setaffinity": 203,
    "mbind": 237, "set_mempolicy": 238, "ioprio_set": 251, "migrate_pages": 256, "move_pages": 279, "sched_setattr": 314,
}  # fmt: skip
"""The group @resources of systemd.exec(5), without `nice`, which this machine does not have."""
SET_GROUP_ID = "set-group-ID"
_MODE_ARGUMENTS = {"chmod": (90, 1), "fchmod": (91, 1), "fchmodat": (268, 2)}
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _ANSWER = 0x20, 0x15, 0x45, 0x06
_ALLOW, _KILL, _EPERM = 0x7FFF0000, 0x80000000, 0x00050001
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_so, if_not, value)


def _program(calls: list[str]) -> bytes:
    steps = [_step(_LOAD, 4), _step(_IF_EQUAL, _X86_64, 1, 0), _step(_ANSWER, _ALLOW)]
    for name in calls:
        if name != SET_GROUP_ID:
            steps += [_step(_LOAD, 0), _step(_IF_EQUAL, NUMBERS[name], 0, 1), _step(_ANSWER, _KILL)]
    for number, argument in _MODE_ARGUMENTS.values() if SET_GROUP_ID in calls else ():
        steps += [_step(_LOAD, 0), _step(_IF_EQUAL, number, 0, 3), _step(_LOAD, 16 + 8 * argument)]
        steps += [_step(_IF_ANY_BIT, 0o6000, 0, 1), _step(_ANSWER, _EPERM)]
    return b"".join([*steps, _step(_ANSWER, _ALLOW)])


def _forbid(calls: list[str]) -> None:
    raw = _program(calls)
    steps = ctypes.create_string_buffer(raw, len(raw))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(raw) // 8, ctypes.addressof(steps)))
    library = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)):
        if library.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    if sys.argv[1] and platform.machine() == "x86_64":
        _forbid(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell
