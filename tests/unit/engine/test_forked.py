"""A call -> a child process that makes it and ends."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from labctl.engine.forked import forked


def said(work: Callable[[int], None]) -> tuple[str, int]:
    """What a child writes that does this, and its exit status."""
    come, go = os.pipe()
    pid = forked(lambda: work(go), lambda error: os.write(go, f"{type(error).__name__}: {error}".encode()))
    os.close(go)
    with open(come) as words:
        text = words.read()
    return text, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_the_call_is_made_in_a_child() -> None:
    """It has written what it was to write, and ended."""
    text, status = said(_write_pid)

    assert text != str(os.getpid())
    assert (text.isdigit(), status) == (True, 0)


def _write_pid(go: int) -> None:
    os.write(go, str(os.getpid()).encode())


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt("x"), SystemExit("x")], ids=repr)
def test_whatever_it_raises_is_told_and_goes_no_further(error: BaseException) -> None:
    """This test would go on twice."""

    def work(go: int) -> None:
        raise error

    assert said(work) == (f"{type(error).__name__}: x", 0)
