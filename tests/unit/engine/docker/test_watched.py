"""Labs of a process -> one watchdog beside it, which hears of each, outlasts a death and ends with the last lab."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.agent.processes import processes
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.watchdog import left_up
from labctl.engine.docker.watched import Watched, watch
from tests.contract.waiting import until

NOWHERE = Endpoint("unix:///nowhere/docker.sock")


def watchdogs() -> list[int]:
    """Those of this process."""
    mine = [one.pid for one in processes().values() if one.parent == os.getpid()]
    return [pid for pid in mine if b"docker.watchdog" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture
def lab() -> Iterator[Watched]:
    watched = watch("l1", NOWHERE)
    yield watched
    watched.end()


def test_all_labs_of_a_daemon_have_one_watchdog_which_ends_with_the_last(lab: Watched) -> None:
    """It is gone, and buried, on return."""
    other = watch("l2", NOWHERE)
    [watchdog] = watchdogs()

    lab.end()
    assert watchdogs() == [watchdog]
    other.end()
    other.end()

    assert not os.path.exists(f"/proc/{watchdog}")


def test_what_a_terminal_sends_to_all_does_not_reach_a_watchdog_from_its_birth_on(lab: Watched) -> None:
    [watchdog] = watchdogs()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(watchdog, number)

    assert until(lambda: os.getsid(watchdog) == watchdog, within_s=10)
    assert watchdogs() == [watchdog]


def test_a_watchdog_holds_only_its_pipes(lab: Watched) -> None:
    [watchdog] = watchdogs()
    assert until(lambda: os.readlink(f"/proc/{watchdog}/cwd") == "/", within_s=10)

    held = {int(name): os.readlink(f"/proc/{watchdog}/fd/{name}") for name in os.listdir(f"/proc/{watchdog}/fd")}

    assert sorted(held) == [0, 1, 2, 3]
    assert (held[1], held[2]) == (os.devnull, os.devnull)


def test_a_watchdog_imports_nothing_big_before_it_must(lab: Watched) -> None:
    """Less than half of what labctl needs with the Docker SDK."""
    [watchdog] = watchdogs()
    assert until(lambda: os.readlink(f"/proc/{watchdog}/cwd") == "/", within_s=10)
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{watchdog}/status").read_text().splitlines())

    assert int(rows["VmRSS"].split()[0]) < 20_000  # KiB


def test_a_lab_goes_on_without_a_watchdog_that_was_killed(lab: Watched) -> None:
    [watchdog] = watchdogs()
    os.kill(watchdog, signal.SIGKILL)
    watch("l2", NOWHERE).end()

    lab.end()

    assert watchdogs() == []


def test_a_child_of_labctl_does_not_hide_its_death(lab: Watched) -> None:
    """What was forked holds no end of the pipes."""
    os.fstat(lab.lifeline)
    child = os.fork()
    if child == 0:
        try:
            os.fstat(lab.lifeline)
        except OSError:
            os._exit(0)
        os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.fstat(lab.lifeline)


def test_what_executes_something_else_does_not_either(lab: Watched) -> None:
    asked = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True, close_fds=False, check=True)

    assert str(lab.lifeline) not in asked.stdout.split()


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ([], set()),
        ([b"+a\n"], {"a"}),
        ([b"+a\n-a\n"], set()),
        ([b"+a\n+b\n", b"-a", b"\n"], {"b"}),
        ([b"+a\n-"], {"a"}),
    ],
)
def test_a_watchdog_knows_which_labs_are_left(told: list[bytes], left: set[str]) -> None:
    news, tell = os.pipe()

    def say() -> None:
        for piece in told:
            os.write(tell, piece)
        os.close(tell)

    threading.Thread(target=say).start()

    assert left_up(news) == left
    os.close(news)


def test_watching_twice_from_the_same_python_needs_no_restart() -> None:
    """A watchdog is made anew for the next lab when the last one has gone."""
    for _ in range(2):
        watched = watch("l1", NOWHERE)
        assert len(watchdogs()) == 1
        watched.end()
    assert watchdogs() == []


def test_it_is_this_python_that_watches(lab: Watched) -> None:
    [watchdog] = watchdogs()
    assert Path(f"/proc/{watchdog}/cmdline").read_bytes().startswith(sys.executable.encode())
