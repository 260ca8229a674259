"""Work on a thread of its own: an interrupt ends it where it can bear that, and is raised afterwards."""

from __future__ import annotations

import os
import select
import signal
import threading

import pytest

from labctl.runner.apart import Cancel, Cancelled, apart, is_readable


def test_what_the_work_returns_is_returned() -> None:
    """From another thread than this one."""
    assert apart(lambda cancel: threading.current_thread()) is not threading.current_thread()


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        apart(lambda cancel: 1 // 0)


def test_an_interrupt_cancels_the_work_and_comes_when_that_is_over() -> None:
    """It is told by a descriptor, and has all the time that it takes."""
    ended = []

    def work(cancel: Cancel) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        select.select([cancel], [], [], 30)
        ended.append(is_readable(cancel))
        raise Cancelled

    with pytest.raises(KeyboardInterrupt):
        apart(work)

    assert ended == [True]


def test_no_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        apart(lambda cancel: None)

    assert len(os.listdir("/proc/self/fd")) == before
