"""A program that must end -> none of its processes is left, however fast they fork.

Killed one by one they could fork as fast as they die, so they are stopped first: a stopped one takes up its place
among the processes that the program may have. At a time limit, and where each is gone before it can be stopped, the
whole host is stopped at once, in one call, and the others go on a moment later: among a thousand processes that all
run, the agent would hardly get its turn for more than that.

Where they are traced it is their tracer that is stopped: without it none comes past its next system call or signal.
Were they stopped and killed at once, strace would now and then trip over it: it gives up when one is killed between
telling that it is stopped and being left so (PTRACE_LISTEN, EIO).

Of another program's traced process that stands still nobody can tell at once whether a signal stopped it before or its
tracer has it in hand, stopped itself. Its tracer goes on first; the rest is for `go_on`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress

from labctl.agent.processes import is_pending, process_of, processes
from labctl.agent.programs import Program
from labctl.agent.stopping import is_stopped

_PASSES = 20


def kill(program: Program, others: Set[int]) -> set[int]:
    """Kill every process of the program that is there now; `others` as Program.family has it.

    The processes of other programs that were stopped meanwhile and are left so, for `go_on`.
    """
    if not _kill_one_by_one(program, others) and _is_first():
        _stop_the_host()
        return _kill_stopped(program, others)
    return set()


def kill_at_once(program: Program, others: Set[int]) -> set[int]:
    """The same where there is no time to lose."""
    if _is_first():
        with _tracer_stopped(program):
            _stop_the_host()
            return _kill_stopped(program, others)
    _kill_one_by_one(program, others)
    return set()


def go_on(held: set[int]) -> bool:
    """Let those go on that had not been stopped before, as far as that is to be seen now. Whether it was for all.

    One that was stopped before has not taken the second SIGSTOP. One that runs may be on its way to taking it.
    """
    for pid in list(held):
        process = process_of(pid)
        if process is None or process.state in "ZX":
            held.remove(pid)
        elif is_stopped(process):
            held.remove(pid)
            if not is_pending(pid, signal.SIGSTOP):
                _send(signal.SIGCONT, [pid])
        elif process.state == "S" and not is_pending(pid, signal.SIGSTOP):
            held.remove(pid)
    return not held


def _is_first() -> bool:
    """Whether "every process" is all of this host's; else it would be all of the machine's."""
    return os.getpid() == 1


def _kill_one_by_one(program: Program, others: Set[int]) -> bool:
    """Whether a look found no new process any more."""
    held: set[int] = set()
    with _tracer_stopped(program) as is_traced:
        for _ in range(_PASSES):
            fresh = set(program.family(processes(), others)) - held
            if not fresh:
                break
            _send(signal.SIGKILL if is_traced else signal.SIGSTOP, fresh)
            held |= fresh
        _send(signal.SIGKILL, held)
    return not fresh


@contextmanager
def _tracer_stopped(program: Program) -> Iterator[bool]:
    """Stop the program's tracer meanwhile; whether it has one."""
    tracers = [program.tracer.pid] if program.tracer is not None and program.tracer.status is None else []
    _send(signal.SIGSTOP, tracers)
    try:
        yield bool(tracers)
    finally:
        _send(signal.SIGCONT, tracers)


def _stop_the_host() -> None:
    """Every process but the host's first, the agent (kill(2), pid -1: nobody slips through)."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGSTOP)


def _kill_stopped(program: Program, others: Set[int]) -> set[int]:
    """Kill the program's processes and let the others go on. Who was stopped before stays so.

    The traced ones among the others, of which that can't be told yet.
    """
    among = processes()
    family = set(program.family(among, others))
    held = {pid for pid in among if among[pid].state == "t"} - family
    _send(signal.SIGKILL, family)
    rest = among.keys() - family - held
    _send(signal.SIGCONT, [pid for pid in rest if not _was_stopped(pid, among[pid].state)])
    return held


def _was_stopped(pid: int, state: str) -> bool:
    """Whether it was stopped before the host was: then the second SIGSTOP is still pending."""
    return state == "T" and is_pending(pid, signal.SIGSTOP)


def _send(number: int, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
