"""Who owns a lab: enough to tell, later and from elsewhere, whether that owner still lives."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct


class Owner(Struct, frozen=True):
    """A process, told apart from every other one that ever had its pid.

    `start` is the process's start time in clock ticks since boot (proc(5), stat field 22).
    """

    machine: str
    boot: str
    pid_namespace: str
    pid: int
    start: int

    def __str__(self) -> str:
        return f"{self.machine}:{self.boot}:{self.pid_namespace}:{self.pid}:{self.start}"


def myself() -> Owner:
    """This process as an owner. On systems without /proc what can't be read is `-`, and start is 0."""
    pid = os.getpid()
    return Owner(
        machine=_text("/etc/machine-id") or _text("/var/lib/dbus/machine-id") or "-",
        boot=_text("/proc/sys/kernel/random/boot_id") or "-",
        pid_namespace=_pid_namespace(),
        pid=pid,
        start=start_time(pid) or 0,
    )


def parse(text: str) -> Owner | None:
    """An owner from its text; None for what isn't one."""
    parts = text.split(":")
    if len(parts) != 5 or not parts[3].isdigit() or not parts[4].isdigit():
        return None
    return Owner(parts[0], parts[1], parts[2], int(parts[3]), int(parts[4]))


def is_alive(owner: Owner) -> bool | None:
    """Whether the owner still runs; None where that can't be judged from here."""
    me = myself()
    if (owner.machine, owner.boot, owner.pid_namespace) != (me.machine, me.boot, me.pid_namespace):
        return None
    if "-" in (me.boot, me.pid_namespace):
        return None
    start = start_time(owner.pid)
    return _is_there_unseen(owner.pid) if start is None else start == owner.start


def _is_there_unseen(pid: int) -> bool | None:
    """Of a process that /proc doesn't show: None if there is one, whose it may be (hidepid of proc(5)), else False."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return None


def booted_at() -> float:
    """When this machine booted, in seconds since 1970 by its clock; 0 where that can't be read."""
    found = [line.split()[1] for line in _text("/proc/stat").splitlines() if line.startswith("btime ")]
    return float(found[0]) if found else 0.0


def start_time(pid: int) -> int | None:
    """A process's start time in clock ticks since boot, None if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])


def _pid_namespace() -> str:
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return "-"


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
