"""A program that must end -> none of its processes is left, however fast they fork.

Killed one by one they could fork as fast as they die, so they are stopped first: a stopped one takes up its place
among the processes that the program may have. At a time limit, and where each is gone before it can be stopped, the
whole host is stopped at once, in one call, and the others go on a moment later: among a thousand processes that all
run, the agent would hardly get its turn for more than that.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Set
from contextlib import suppress

from labctl.agent.processes import is_pending, processes
from labctl.agent.programs import Program

_PASSES = 20


def kill(program: Program, others: Set[int]) -> None:
    """Kill every process of the program that is there now; `others` as Program.family has it."""
    if not _kill_one_by_one(program, others) and _is_first():
        _stop_the_host()
        _kill_stopped(program, others)


def kill_at_once(program: Program, others: Set[int]) -> None:
    """The same where there is no time to lose."""
    if _is_first():
        _stop_the_host()
        _kill_stopped(program, others)
    else:
        _kill_one_by_one(program, others)


def _is_first() -> bool:
    """Whether "every process" is all of this host's; else it would be all of the machine's."""
    return os.getpid() == 1


def _kill_one_by_one(program: Program, others: Set[int]) -> bool:
    """Whether a look found no new process any more."""
    held: set[int] = set()
    for _ in range(_PASSES):
        fresh = set(program.family(processes(), others)) - held
        if not fresh:
            break
        _send(signal.SIGSTOP, fresh)
        held |= fresh
    _send(signal.SIGKILL, held)
    return not fresh


def _stop_the_host() -> None:
    """Every process but the host's first, the agent (kill(2), pid -1: nobody slips through)."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGSTOP)


def _kill_stopped(program: Program, others: Set[int]) -> None:
    """Kill the program's processes and let the others go on. Who was stopped before stays so."""
    among = processes()
    family = set(program.family(among, others))
    _send(signal.SIGKILL, family)
    _send(signal.SIGCONT, [pid for pid in among if pid not in family and not _was_stopped(pid, among[pid].state)])


def _was_stopped(pid: int, state: str) -> bool:
    """Whether it was stopped before the host was: then the second SIGSTOP is still pending."""
    return state == "T" and is_pending(pid, signal.SIGSTOP)


def _send(number: int, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
