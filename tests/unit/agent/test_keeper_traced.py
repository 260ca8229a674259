"""A program under a keeper waits for its tracer; spares that can't be used are replaced; no input is kept open."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from labctl.agent.keeper import Nursery
from labctl.agent.processes import first_few
from labctl.agent.tracer import Tracer
from tests.contract.waiting import until
from tests.unit.agent.kept import HOW, Start, status_of


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
