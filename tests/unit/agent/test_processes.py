"""/proc -> processes: this machine's own ones, for what a text can't show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from labctl.agent.processes import (
    Process,
    _read,
    blocked_calls,
    descendants,
    first_few,
    is_pending,
    process_of,
    processes,
    socket_inodes,
)
from tests.contract.waiting import until

SLEEPER = "import os, signal; os.fork(); open('/proc/self/comm', 'w').write('a) b ('); signal.pause()"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A program with a child; both have a name that makes trouble."""
    running = subprocess.Popen(
        [sys.executable, "-c", SLEEPER],
        start_new_session=True,
    )
    with running:
        yield running
        os.killpg(running.pid, signal.SIGKILL)


def test_descendants_come_parents_first() -> None:
    """All that descend from a process, whoever stands in the table first, and nobody else."""
    among = {pid: Process(pid, parent, 1, "S", "x") for pid, parent in [(30, 20), (20, 10), (40, 1), (10, 1), (50, 10)]}
    found = [one.pid for one in descendants(10, among)]
    assert sorted(found) == [20, 30, 50]
    assert found.index(20) < found.index(30)


def test_a_process_is_known_whatever_its_name(sleeper: subprocess.Popen[bytes]) -> None:
    """A name may hold what the kernel's own text uses around it."""

    def renamed() -> bool:
        found = process_of(sleeper.pid)
        return found is not None and found.name == "a) b ("

    assert until(renamed, within_s=10)
    found = process_of(sleeper.pid)
    assert found is not None
    assert (found.parent, found.session) == (os.getpid(), sleeper.pid)
    assert processes()[sleeper.pid] == found


def test_what_is_gone_is_none() -> None:
    """A process that has been reaped has no entry, no sockets, no calls."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert process_of(ended.pid) is None
    assert blocked_calls(ended.pid) == []
    assert socket_inodes(ended.pid) == set()
    assert not is_pending(ended.pid, signal.SIGTERM)


def test_one_that_ends_while_we_look_blocks_in_nothing(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sleeps, and has ended a moment later: its call is then root's to read, and is not asked for again."""
    assert until(lambda: "pause" in blocked_calls(sleeper.pid), within_s=10)

    def read(path: str) -> bytes | None:
        if path.endswith("/syscall"):
            os.kill(sleeper.pid, signal.SIGKILL)
            os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
            raise PermissionError
        return _read(path)

    monkeypatch.setattr("labctl.agent.processes._read", read)
    assert blocked_calls(sleeper.pid) == []


def test_a_living_process_that_we_may_not_look_at_is_an_error(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one that blocks in nothing."""

    def read(path: str) -> bytes | None:
        if path.endswith("/syscall"):
            raise PermissionError
        return _read(path)

    assert until(lambda: "pause" in blocked_calls(sleeper.pid), within_s=10)
    monkeypatch.setattr("labctl.agent.processes._read", read)
    with pytest.raises(PermissionError):
        blocked_calls(sleeper.pid)


def test_the_first_few_are_found_without_looking_at_all(sleeper: subprocess.Popen[bytes]) -> None:
    """A process, then its children, up to as many as were asked for."""
    assert until(lambda: len([*first_few(sleeper.pid, 8)]) == 2, within_s=10)
    assert [*first_few(sleeper.pid, 1)] == [sleeper.pid]
    family = {one.pid for one in descendants(sleeper.pid, processes())}
    assert set(first_few(sleeper.pid, 8)) == {sleeper.pid} | family


def test_a_pending_signal_is_seen() -> None:
    """A signal that its process blocks is pending, another one isn't."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert is_pending(os.getpid(), signal.SIGUSR1)
        assert not is_pending(os.getpid(), signal.SIGUSR2)
    finally:
        signal.sigtimedwait([signal.SIGUSR1], 1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
