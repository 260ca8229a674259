"""A keeper tells of its program from the start to the end of the last descendant."""

from __future__ import annotations

import os
import select
import signal
import time

import pytest

from labctl.agent.keeper import Nursery
from labctl.agent.processes import first_few
from tests.contract.waiting import until
from tests.unit.agent.kept import HOW, Start, state, status_of


def test_a_program_is_told_from_start_to_end(start: Start) -> None:
    """Its pid, that it began, its end with a time between before and after, its last descendant's, in that order."""
    before = time.monotonic_ns()
    report = start("print('hello')")
    said = report.until_end()
    assert report.order() == "POXG"
    assert int(said["P"][0]) != report.kept.pid
    assert os.waitstatus_to_exitcode(status_of(said)) == 0
    assert before < int(said["X"][0].split()[1]) <= time.monotonic_ns()
    assert report.printed() == b"hello\n"


@pytest.mark.parametrize("code", [0, 1, 70, 127, 255])
def test_an_exit_status_is_told(start: Start, code: int) -> None:
    """As waitpid(2) gives it, whichever one it is."""
    assert os.waitstatus_to_exitcode(status_of(start(f"import os; os._exit({code})").until_end())) == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_a_deadly_signal_is_told(start: Start, number: int) -> None:
    """As a signal, also where a core would have been dumped."""
    status = status_of(start(f"import os; os.kill(os.getpid(), {int(number)})").until_end())
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == number


def test_the_end_is_told_before_the_last_descendants(start: Start) -> None:
    """A daemon that left for a session of its own keeps the report open; the program's end doesn't wait for it."""
    report = start(
        "import os, time\n"
        "main = os.getpid()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        while os.path.exists(f'/proc/{main}'): time.sleep(0.001)\n"
        "        print('last')\n"
    )
    report.until_end()
    assert report.order() == "POXG"
    assert report.printed() == b"last\n"


def test_what_can_not_be_executed_is_told(start: Start) -> None:
    """The error's number and words come in place of a program."""
    report = start("", file="/nowhere/at/all")
    said = report.until_end()
    number, _, words = said["E"][0].partition(b" ")
    assert (int(number), words) == (2, b"No such file or directory")


def test_the_executes_pipe_ends_when_the_program_executes(start: Start) -> None:
    """It has nothing to say: its end is the news."""
    report = start("import time; time.sleep(30)")
    assert select.select([report.kept.executes], [], [], 20)[0]
    assert os.read(report.kept.executes, 1) == b""
    os.kill(report.kept.pid, signal.SIGKILL)


def test_a_killed_keeper_is_told_apart(start: Start) -> None:
    """A report that ends without a last line is that of a keeper that was killed."""
    report = start("import time; time.sleep(30)")
    assert select.select([report.kept.executes], [], [], 20)[0]
    os.kill(report.kept.pid, signal.SIGKILL)
    said = report.until_end()
    assert set(said) == {"P", "O"}
    os.kill(int(said["P"][0]), signal.SIGKILL)


def test_keepers_made_ahead_are_used(start: Start) -> None:
    """A refilled nursery gives what it has; an empty one makes what is needed."""
    nursery = Nursery(HOW)
    nursery.refill()
    ahead = nursery.pids()
    assert len(ahead) == 1
    first, second = start("print(1)", nursery=nursery), start("print(2)", nursery=nursery)
    assert {first.kept.pid} == ahead
    assert second.kept.pid not in ahead
    assert nursery.pids() == set()
    assert (first.printed(), second.printed()) == (b"1\n", b"2\n")


def test_a_keeper_that_died_while_it_waited_is_replaced(start: Start) -> None:
    """A program may have killed it: the next command gets another one."""
    nursery = Nursery(HOW)
    nursery.refill()
    (pid,) = nursery.pids()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert start("print('all the same')", nursery=nursery).printed() == b"all the same\n"


def test_a_keeper_that_was_stopped_while_it_waited_goes_on(start: Start) -> None:
    """So does its child: a program may have stopped both."""
    nursery = Nursery(HOW)
    nursery.refill()
    (pid,) = nursery.pids()
    assert until(lambda: len([*first_few(pid, 2)]) == 2, within_s=10)
    _, child = first_few(pid, 2)
    assert until(lambda: state(child) == "S" and os.getsid(child) == child, within_s=10)
    for one in (pid, child):
        os.kill(one, signal.SIGSTOP)
        assert until(lambda one=one: state(one) == "T", within_s=10)  # type: ignore[misc]  # mypy can't type it
    assert start("print('all the same')", nursery=nursery).printed() == b"all the same\n"


def test_a_program_ignores_nothing_that_whoever_began_labctl_ignores(start: Start) -> None:
    """nohup(1) ignores SIGHUP, a shell's background job SIGINT; a program has them as they are by default."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGHUP, signal.SIGINT)}
    try:
        report = start("print(open('/proc/self/status').read())")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    status = dict(line.split(":", 1) for line in report.printed().decode().splitlines() if ":" in line)
    ignored = int(status["SigIgn"], 16)
    assert not ignored & (1 << signal.SIGHUP - 1 | 1 << signal.SIGINT - 1)
