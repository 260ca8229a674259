"""A process that is stopped is told from one that its tracer holds for a moment; a signal is taken when it has done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from labctl.agent import ending
from labctl.agent.ending import Ending
from labctl.agent.processes import is_pending, process_of
from labctl.agent.programs import Program
from labctl.agent.stopping import has_taken, is_stopped
from labctl.agent.tracer import Tracer, begin_tracer, find_strace
from tests.contract.waiting import until

NEEDS_STRACE = pytest.mark.skipif(not find_strace(), reason="strace isn't installed on this machine")
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
print("ready", flush=True)
while True:
    os.getppid() if sys.argv[1:] else signal.pause()
"""

Popen = subprocess.Popen[bytes]


def begun(*words: str) -> Popen:
    """A program that handles USR1, ignores USR2 and blocks HUP."""
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stdout.readline() == b"ready\n"
    return running


@pytest.fixture
def program() -> Iterator[Popen]:
    """One that waits for signals."""
    with begun() as running:
        yield running
        running.kill()


@pytest.fixture
def traced() -> Iterator[tuple[Popen, Tracer]]:
    """One that makes a call after another, under a tracer that has hold of it."""
    with begun("busy") as running:
        beside = begin_tracer(find_strace(), None)
        os.write(beside.lets_in, b"%d" % running.pid)
        os.set_blocking(beside.words, True)
        assert b"attached" in os.read(beside.words, 4096)
        yield running, beside
        running.kill()
        for descriptor in (beside.text, beside.words, beside.lets_in):
            os.close(descriptor)
        os.waitpid(beside.pid, 0)


def stopped(pid: int) -> bool:
    """Whether it is, now."""
    process = process_of(pid)
    return process is not None and is_stopped(process)


def test_an_untraced_process_is_stopped_in_state_t(program: Popen) -> None:
    """From when it is to when it isn't."""
    assert not stopped(program.pid)
    program.send_signal(signal.SIGSTOP)
    assert until(lambda: stopped(program.pid), within_s=10)
    program.send_signal(signal.SIGCONT)
    assert until(lambda: not stopped(program.pid), within_s=10)


@NEEDS_STRACE
def test_a_traced_process_is_stopped_only_by_a_signal(traced: tuple[Popen, Tracer]) -> None:
    """However often its tracer holds it for a moment."""
    program, _ = traced
    held = 0
    while held < 200:
        process = process_of(program.pid)
        assert process is not None
        held += process.state == "t"
        assert not is_stopped(process)
    program.send_signal(signal.SIGSTOP)
    assert until(lambda: stopped(program.pid), within_s=10)
    program.send_signal(signal.SIGCONT)
    assert until(lambda: not stopped(program.pid), within_s=10)


@pytest.mark.parametrize(
    ("number", "is_taken"),
    [(signal.SIGUSR1, True), (signal.SIGUSR2, True), (signal.SIGCHLD, True), (signal.SIGHUP, False)],
)
def test_signals_that_do_not_end_a_process_are_taken_or_wait(program: Popen, number: int, is_taken: bool) -> None:
    """Handled or ignored ones are taken; a blocked one waits."""
    program.send_signal(number)
    assert until(lambda: has_taken(program.pid, number) is is_taken, within_s=10)


def test_a_signal_that_waits_for_a_stopped_process_is_not_taken(program: Popen) -> None:
    """Neither one that it handles nor one that will end it; one that it ignores is."""
    program.send_signal(signal.SIGSTOP)
    assert until(lambda: stopped(program.pid), within_s=10)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
        program.send_signal(number)
    taken = [has_taken(program.pid, number) for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)]
    assert taken == [False, True, False]


def test_a_signal_that_ends_a_process_is_taken_when_it_has_ended(program: Popen) -> None:
    """Not while it is about to."""
    program.send_signal(signal.SIGTERM)
    assert until(lambda: has_taken(program.pid, signal.SIGTERM), within_s=10)
    ended = process_of(program.pid)
    assert ended is not None
    assert ended.state == "Z"


@NEEDS_STRACE
def test_a_traced_process_that_a_signal_ends_has_ended(traced: tuple[Popen, Tracer]) -> None:
    """Though its tracer had the signal in hand before: it was pending no more."""
    program, _ = traced
    program.send_signal(signal.SIGTERM)
    assert until(lambda: has_taken(program.pid, signal.SIGTERM), within_s=10)
    ended = process_of(program.pid)
    assert ended is None or ended.state == "Z"


def nobody() -> Program:
    """A program of which nothing is there."""
    one = Program.__new__(Program)
    one.keeper, one.is_orphaned, one.tracer = -1, False, None
    return one


@NEEDS_STRACE
@pytest.mark.parametrize("was_stopped", [False, True])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_who_was_stopped_before_the_host_was_stays_so(
    traced: tuple[Popen, Tracer], monkeypatch: pytest.MonkeyPatch, was_stopped: bool, times: int
) -> None:
    """However often the host is stopped before that is known of each; who had not been stopped before goes on."""
    program, beside = traced
    host = (program.pid, beside.pid)

    def stop() -> None:
        for pid in host:
            os.kill(pid, signal.SIGSTOP)
        assert until(lambda: state(program.pid) == "t", within_s=10)

    monkeypatch.setattr(ending, "_is_first", lambda: True)
    monkeypatch.setattr(ending, "_stop_the_host", stop)
    monkeypatch.setattr(ending, "processes", lambda: {pid: process_of(pid) for pid in host})
    if was_stopped:
        program.send_signal(signal.SIGSTOP)
        assert until(lambda: stopped(program.pid), within_s=10)
    one = Ending(None)
    one.kill_at_once(nobody(), set())
    assert one.holds_any
    assert was_stopped or until(lambda: not is_pending(program.pid, signal.SIGSTOP), within_s=10)
    for _ in range(times - 1):
        one.kill_at_once(nobody(), set())
        assert one.holds_any
    assert until(one.let_go_on, within_s=10)
    assert until(lambda: stopped(program.pid) is was_stopped, within_s=10)
    assert stopped(program.pid) is was_stopped


@NEEDS_STRACE
def test_who_is_not_seen_to_stand_still_goes_on_at_last(
    traced: tuple[Popen, Tracer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When waiting for it has taken too long: it isn't left stopped."""
    program, _ = traced

    def stop() -> None:
        program.send_signal(signal.SIGSTOP)
        assert until(lambda: stopped(program.pid), within_s=10)

    monkeypatch.setattr(ending, "_is_first", lambda: True)
    monkeypatch.setattr(ending, "_stop_the_host", stop)
    monkeypatch.setattr(ending, "processes", lambda: {program.pid: process_of(program.pid)})
    one = Ending(None)
    one.kill_at_once(nobody(), set())
    assert one.holds_any
    one.insist()
    assert not one.holds_any
    assert until(lambda: not stopped(program.pid), within_s=10)


def state(pid: int) -> str:
    """The letter of a process's state."""
    process = process_of(pid)
    return process.state if process is not None else ""


def test_what_is_gone_is_looked_at_no_more() -> None:
    """Its signals are as good as taken."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert has_taken(ended.pid, signal.SIGTERM)
