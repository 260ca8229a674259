"""A program that must end -> none of its processes is left, however fast they fork.

Killed one by one they could fork as fast as they die, so they are stopped first: a stopped one takes up its place
among the processes that the program may have. At a time limit, and where each is gone before it can be stopped, the
whole host is stopped at once, in one call, and the others go on a moment later: among a thousand processes that all
run, the agent would hardly get its turn for more than that.

Where they are traced it is their tracer that is stopped: without it none comes past its next system call or signal.
Were they stopped and killed at once, strace would now and then trip over it: it gives up when one is killed between
telling that it is stopped and being left so (PTRACE_LISTEN, EIO).

Of another program's traced process that stands still nobody can tell at once whether a signal stopped it before or its
tracer has it in hand, stopped itself. Its tracer goes on first; the rest is for `let_go_on`. Should the host be stopped
again before that, what was known of them is taken over.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress

from labctl.agent.confine import Confinement, acting_as
from labctl.agent.processes import is_pending, process_of, processes, switches
from labctl.agent.programs import Program
from labctl.agent.stopping import is_stopped

_PASSES = 20


class Ending:
    """Ends programs. It remembers whose standing still after a stop of the host is still to be judged.

    `_stood`: of each such process how often it had let go of its processor when the host was stopped once more, while
    the former SIGSTOP was still pending: should it have moved since, it took that one. None after one stop.
    """

    def __init__(self, acts_as: Confinement | None) -> None:
        self._acts_as = acts_as
        self._stood: dict[int, int | None] = {}

    @property
    def holds_any(self) -> bool:
        """Whether there is something for `let_go_on`."""
        return bool(self._stood)

    def kill(self, program: Program, others: Set[int]) -> None:
        """Kill every process of the program that is there now; `others` as Program.family has it."""
        program.is_unwanted = True
        if not _kill_one_by_one(program, others) and _is_first():
            self._kill_stopped(program, others)

    def kill_at_once(self, program: Program, others: Set[int]) -> None:
        """The same where there is no time to lose."""
        program.is_unwanted = True
        if _is_first():
            with _tracer_stopped(program):
                self._kill_stopped(program, others)
        else:
            _kill_one_by_one(program, others)

    def let_go_on(self) -> bool:
        """Let those go on that had not been stopped before, as far as that is to be seen now. Whether it was for all.

        One that was stopped before has not taken the second SIGSTOP. One that runs may be on its way to taking it.
        """
        with acting_as(self._acts_as):
            for pid in list(self._stood):
                process = process_of(pid)
                if process is None or process.state in "ZX":
                    del self._stood[pid]
                elif is_stopped(process):
                    if not _was_stopped(pid, self._stood.pop(pid)):
                        _send(signal.SIGCONT, [pid])
                elif process.state == "S" and not is_pending(pid, signal.SIGSTOP):
                    del self._stood[pid]
        return not self._stood

    def insist(self) -> None:
        """It takes long: let go on whoever has taken its SIGSTOP by now, seen to stand still or not."""
        for pid, stood in list(self._stood.items()):
            if not _was_stopped(pid, stood):
                del self._stood[pid]
                _send(signal.SIGCONT, [pid])

    def _kill_stopped(self, program: Program, others: Set[int]) -> None:
        """Stop the host, kill the program's processes and let the others go on. Who was stopped before stays so.

        Of the traced ones among the others that can't be told yet.
        """
        before = {pid: _stand(pid, stood) for pid, stood in self._stood.items()}
        _stop_the_host()
        among = processes()
        family = set(program.family(among, others))
        held = {pid for pid in among if among[pid].state == "t"} - family
        self._stood = {pid: before.get(pid) for pid in held}
        _send(signal.SIGKILL, family)
        rest = among.keys() - family - held
        _send(signal.SIGCONT, [pid for pid in rest if among[pid].state != "T" or not is_pending(pid, signal.SIGSTOP)])


_HAS_MOVED = -1


def _stand(pid: int, stood: int | None) -> int | None:
    """How one stands that is about to be stopped once more."""
    if not _was_stopped(pid, stood):
        return _HAS_MOVED
    return switches(pid)


def _was_stopped(pid: int, stood: int | None) -> bool:
    """Whether it was stopped before the host was: then that SIGSTOP is still pending, and it has not moved."""
    return is_pending(pid, signal.SIGSTOP) and stood in (None, switches(pid))


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


def _send(number: int, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
