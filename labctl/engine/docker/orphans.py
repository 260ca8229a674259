"""Compose that goes on although its labctl is dead -> ended. It is known by its environment (proc(5))."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

OWNER = "LABCTL_OWNER"
"""The variable that says whose a Compose is."""

_MARK = OWNER.encode() + b"="


def end_orphans(is_dead: Callable[[str], bool]) -> int:
    """End every process whose owner is dead; how many there were. None are found on systems without /proc."""
    return sum(_ended(pid, is_dead) for pid in _processes())


def _processes() -> list[int]:
    try:
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return []


def _ended(pid: int, is_dead: Callable[[str], bool]) -> bool:
    if not (owner := owner_in(pid)) or not is_dead(owner):
        return False
    with suppress(OSError):  # it has ended, or it isn't ours
        held = os.pidfd_open(pid)
        try:
            if owner_in(pid) == owner:  # still: by now `held` can't be somebody else
                signal.pidfd_send_signal(held, signal.SIGKILL)
                return True
        finally:
            os.close(held)
    return False


def owner_in(pid: int) -> str:
    """Whose Compose that process is; empty for every other process, and for those of other users."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = file.read()
    except OSError:
        return ""
    for entry in environment.split(b"\0") if _MARK in environment else ():
        if entry.startswith(_MARK):
            return entry.removeprefix(_MARK).decode(errors="replace")
    return ""
