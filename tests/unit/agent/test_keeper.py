"""A keeper tells of its program from the start to the end of the last descendant."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from labctl.agent.confine import Confinement
from labctl.agent.keeper import Command, Kept, Nursery
from labctl.agent.processes import first_few, process_of
from labctl.agent.tracer import Tracer
from tests.contract.waiting import until

HOW = Confinement(
    own_user_namespace=False,
    uid=os.getuid(),
    gid=os.getgid(),
    processes=512,
    memory=1 << 30,
    files=256,
    file_size=1 << 26,
    filter=None,
)


class Report:
    """What a keeper has said, by kind, and what its program printed. `given`: what that one has of its own by now."""

    def __init__(self, kept: Kept, printed: int, given: int) -> None:
        self.kept = kept
        self._said = kept.said
        self._printed = printed
        self._given = given

    def let_go(self) -> None:
        """Close our copy of what was given to the program."""
        if self._given >= 0:
            os.close(self._given)
        self._given = -1

    def until_end(self) -> dict[str, list[bytes]]:
        """Read until the keeper is gone: each kind of line with what it said."""
        deadline = time.monotonic() + 20
        assert select.select([self.kept.executes], [], [], 20)[0]
        self.let_go()
        while True:
            assert select.select([self.kept.report], [], [], max(0, deadline - time.monotonic()))[0], self._said
            piece = os.read(self.kept.report, 4096)
            if not piece:
                break
            self._said += piece
        lines = [line.partition(b" ") for line in self._said.splitlines()]
        return {kind.decode(): [rest for name, _, rest in lines if name == kind] for kind, _, _ in lines}

    def order(self) -> str:
        """The kinds in the order in which they came; after `until_end`."""
        return "".join(chr(line[0]) for line in self._said.splitlines())

    def printed(self) -> bytes:
        """All that the program and its descendants printed."""
        assert select.select([self.kept.executes], [], [], 20)[0]
        self.let_go()
        data = b""
        while piece := os.read(self._printed, 65536):
            data += piece
        return data


Start = Callable[..., Report]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python program under a keeper of its own, or of a given nursery."""
    null = os.open("/dev/null", os.O_RDWR)
    descriptors = [null]
    reports: list[Report] = []

    def begin(
        code: str,
        *,
        file: str = sys.executable,
        nursery: Nursery | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Report:
        come, go = os.pipe()
        words = [file, "-c", code]
        command = Command(file, words, {"PATH": "/usr/bin:/bin"}, "/", null, go, go, False)
        kept = (nursery or Nursery(HOW)).keep(command, is_wanted)
        descriptors.extend((come, kept.report, kept.executes))
        reports.append(Report(kept, come, go))
        return reports[-1]

    yield begin
    for report in reports:
        report.let_go()
    for descriptor in descriptors:
        os.close(descriptor)


def status_of(said: dict[str, list[bytes]]) -> int:
    """The wait status that was told."""
    return int(said["X"][0].split()[0])


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


def state(pid: int) -> str:
    """The letter of a process's state."""
    found = process_of(pid)
    return found.state if found is not None else ""


class Beside:
    """Tracers that have hold of nobody until a test says so."""

    def __init__(self) -> None:
        self.begun: list[Tracer] = []
        self._come: list[int] = []

    def begin(self) -> Tracer:
        """One more."""
        come, go = os.pipe()
        self._come.append(come)
        self.begun.append(Tracer(os.getpid(), -1, 0, go))
        return self.begun[-1]

    def told(self) -> int:
        """Which process said that it may be traced, the last one."""
        assert select.select([self._come[-1]], [], [], 20)[0]
        return int(os.read(self._come[-1], 16))

    def close(self) -> None:
        """What the processes told through."""
        for descriptor in self._come:
            os.close(descriptor)


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Where tracers come from."""
    one = Beside()
    yield one
    one.close()


@pytest.mark.parametrize("has_hold", [True, False])
def test_a_program_waits_for_its_tracer(start: Start, beside: Beside, has_hold: bool) -> None:
    """It executes when its tracer has hold of it, or is known never to have; the moment of its order is then."""
    report = start("print('hello')", nursery=Nursery(HOW, beside.begin))
    (tracer,) = beside.begun
    assert report.kept.tracer is tracer
    pid = beside.told()
    assert not select.select([report.kept.executes], [], [], 0)[0]
    before = time.monotonic_ns()
    if has_hold:
        tracer.hear(b"strace: Process %d attached\n" % pid)
    else:
        tracer.words = -1
    tracer.tell()
    said = report.until_end()
    assert int(said["P"][0]) == pid
    assert before < int(said["O"][0]) <= int(said["X"][0].split()[1])
    assert report.printed() == b"hello\n"


def test_what_is_wanted_no_more_when_its_tracer_has_hold_is_not_begun(start: Start, beside: Beside) -> None:
    """It was killed while its order waited: it takes none, and ends as if killed."""
    report = start("print('hello')", nursery=Nursery(HOW, beside.begin), is_wanted=lambda: False)
    beside.told()
    beside.begun[0].words = -1
    beside.begun[0].tell()
    said = report.until_end()
    assert report.order() == "PXG"
    assert os.waitstatus_to_exitcode(status_of(said)) == -signal.SIGKILL
    assert report.printed() == b""


def test_a_spare_whose_tracer_has_ended_is_not_used(start: Start, beside: Beside) -> None:
    """A program may have killed it: the next command gets another one."""
    nursery = Nursery(HOW, beside.begin)
    nursery.refill()
    beside.begun[0].status = signal.SIGKILL
    report = start("print('all the same')", nursery=nursery)
    assert report.kept.tracer is beside.begun[1]
    beside.begun[1].words = -1
    beside.begun[1].tell()
    assert report.printed() == b"all the same\n"


def test_renewed_spares_take_the_place_of_those_that_wait() -> None:
    """The former ones end."""
    nursery = Nursery(HOW)
    nursery.refill()
    nursery.refill()
    former = nursery.pids()
    assert len(former) == 2
    assert nursery.renew() is None
    assert len(nursery.pids()) == 1
    assert not nursery.pids() & former
    assert {os.waitpid(pid, 0)[0] for pid in former} == former


def test_no_other_programs_input_is_kept_open(start: Start) -> None:
    """A keeper that waits holds nobody's pipe: a reader sees its end when the agent closes it."""
    come, go = os.pipe()
    nursery = Nursery(HOW)
    nursery.refill()
    assert until(lambda: not holds(nursery, os.readlink(f"/proc/self/fd/{go}")), within_s=10)
    os.close(go)
    assert select.select([come], [], [], 10)[0]
    assert os.read(come, 1) == b""
    os.close(come)
    start("pass", nursery=nursery).until_end()


def holds(nursery: Nursery, pipe: str) -> bool:
    """Whether a keeper that waits, or its child, has the pipe open."""
    (pid,) = nursery.pids()
    family = [*first_few(pid, 2)]
    if len(family) == 1:
        return True
    return any(pipe in opened_by(one) for one in family)


def opened_by(pid: int) -> set[str]:
    """What its descriptors lead to. One that is closed while they are looked at is left out."""
    found = set()
    for descriptor in os.scandir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            found.add(os.readlink(descriptor.path))
    return found
