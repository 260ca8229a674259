"""A process -> whether it is stopped, and whether it has taken a signal, traced or not.

Source: proc(5), ptrace(2). A traced process is in state t at each of its system calls for a moment, and for as long as
a signal stops it.
"""

from __future__ import annotations

import signal
from typing import NamedTuple

from labctl.agent.processes import Process, blocked_calls, is_ending, process_of, status_of

_HARMLESS = (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH)
_STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


class _Signals(NamedTuple):
    """What a process makes of signals, a bit each from the lowest on."""

    pending: int
    blocked: int
    ignored: int
    caught: int


def is_stopped(process: Process) -> bool:
    """Whether it is stopped by a signal, not only held by its tracer for a moment."""
    if process.state != "t":
        return process.state == "T"
    before = status_of(process.pid)
    tracer = int(before.get("TracerPid", "0"))
    return before.get("State", "").startswith("t") and _is_at_rest(tracer) and _is_same_stop(process.pid, before)


def _is_at_rest(tracer: int) -> bool:
    """Whether a tracer has nothing to do: it waits for news of those that it traces."""
    return blocked_calls(tracer) == ["wait4"]


def _is_same_stop(pid: int, before: dict[str, str]) -> bool:
    """Whether it has not gone on since: then it stood still while its tracer had nothing to do about it."""
    now = status_of(pid)
    key = "voluntary_ctxt_switches"
    return now.get("State", "").startswith("t") and now.get(key) == before.get(key)


def has_taken(pid: int, number: int) -> bool:
    """Whether a signal that was sent has reached a process. One that ends it has when it has ended, not before."""
    signals, bit = _signals_of(pid), 1 << (number - 1)
    process = process_of(pid)  # after its signals: it may have taken this one a moment ago
    if process is None or process.state in "ZX":
        return True
    by_default = not (signals.ignored | signals.caught) & bit
    if signals.ignored & bit or (by_default and number in _HARMLESS):
        return True
    if signals.pending & bit or (process.state == "t" and not is_stopped(process)):
        return False
    if by_default and number not in _STOPPING and not signals.blocked & bit:
        return process.state not in "RD" and not is_ending(pid)
    return True


def _signals_of(pid: int) -> _Signals:
    rows = status_of(pid)
    pending, shared, blocked, ignored, caught = (
        int(rows.get(key, "0"), 16) for key in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt")
    )
    return _Signals(pending | shared, blocked, ignored, caught)
