"""/proc/PID -> who is whose child, who is a zombie, who blocks in which system call.

Runs on a host, so it sees that host's processes. Source: proc(5).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from labctl.agent.syscalls import NAMES

_EXITING = 0x4  # PF_EXITING, among a task's flags (linux/sched.h)


class Process(NamedTuple):
    """One process: its parent, its session, and its state's letter (R S D T t Z …)."""

    pid: int
    parent: int
    session: int
    state: str
    name: str


def processes() -> dict[int, Process]:
    """Every process on this host, by pid."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            process = process_of(int(entry))
            if process is not None:
                found[process.pid] = process
    return found


def process_of(pid: int) -> Process | None:
    """One process, or None when it is gone."""
    stat = _read(f"/proc/{pid}/stat")
    if stat is None:
        return None
    name, _, rest = stat.partition(b"(")[2].rpartition(b")")
    fields = rest.split()
    return Process(pid, int(fields[1]), int(fields[3]), fields[0].decode(), name.decode("utf-8", "replace"))


def descendants(root: int, among: Mapping[int, Process]) -> list[Process]:
    """All that descend from `root`, itself not included, parents before children."""
    children: dict[int, list[Process]] = {}
    for process in among.values():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [root]
    while waiting:
        for process in children.get(waiting.pop(), ()):
            found.append(process)
            waiting.append(process.pid)
    return found


def first_few(root: int, most: int) -> Iterator[int]:
    """`root` and the first that descend from it by their main threads, without looking at every process there is."""
    waiting = deque([root])
    for _ in range(most):
        if not waiting:
            return
        pid = waiting.popleft()
        yield pid
        waiting += [int(child) for child in (_read(f"/proc/{pid}/task/{pid}/children") or b"").split()]


def blocked_calls(pid: int) -> list[str]:
    """The system calls in which this process's threads sleep, by name (`call 17` for an unknown one).

    A thread that runs, is stopped or is gone has none. PermissionError when we may not look.
    """
    calls = []
    for thread in _threads(pid):
        stat = _read(f"/proc/{pid}/task/{thread}/stat")
        if stat is None or stat.rpartition(b")")[2].split()[0] not in (b"S", b"D"):
            continue
        try:
            call = _read(f"/proc/{pid}/task/{thread}/syscall")
        except PermissionError:  # once a process has given up its memory, its entries are root's
            if not is_ending(pid, thread):
                raise
            continue
        if call is None:
            continue
        number = call.split()[0] if call.split() else b"running"
        if number not in (b"running", b"-1"):
            calls.append(NAMES.get(int(number), f"call {int(number)}"))
    return calls


def is_ending(pid: int, thread: str = "") -> bool:
    """Whether a thread (empty: the main one) has begun to exit, or is gone already."""
    stat = _read(f"/proc/{pid}/task/{thread or pid}/stat")
    return stat is None or bool(int(stat.rpartition(b")")[2].split()[6]) & _EXITING)


def socket_inodes(pid: int) -> set[int]:
    """The inodes of the sockets that a process has open; empty when it is gone. PermissionError as open says."""
    inodes: set[int] = set()
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except (FileNotFoundError, ProcessLookupError):
        return inodes
    for descriptor in descriptors:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if target.startswith("socket:["):
            inodes.add(int(target[8:-1]))
    return inodes


def status_of(pid: int) -> dict[str, str]:
    """The rows of a process's status by their names (proc(5)); none when it is gone."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            rows = file.read().decode("utf-8", "replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (row.partition(":") for row in rows)}


def is_pending(pid: int, number: int) -> bool:
    """Whether the signal still waits for the process (proc(5): SigPnd, ShdPnd)."""
    rows = status_of(pid)
    return any(int(rows.get(key, "0"), 16) >> (number - 1) & 1 for key in ("SigPnd", "ShdPnd"))


def switches(pid: int) -> int:
    """How often a process's main thread has let go of its processor by itself, to wait or to stop. -2 if it's gone."""
    return int(status_of(pid).get("voluntary_ctxt_switches", "-2"))


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _read(path: str) -> bytes | None:
    """A /proc file's content, None when its process is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        return os.read(descriptor, 4096)
    except ProcessLookupError:
        return None
    finally:
        os.close(descriptor)
