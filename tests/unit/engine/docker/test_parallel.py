"""Calls -> all of them made, however many threads there are."""

from __future__ import annotations

import threading

import pytest

from labctl.engine.docker.parallel import in_parallel


def test_every_call_is_made_and_what_they_raised_returned() -> None:
    """One that fails keeps no other from being made."""
    made: list[int] = []

    def fail() -> None:
        raise ValueError("x")

    raised = in_parallel([fail, *[lambda number=number: made.append(number) for number in range(40)]])
    assert sorted(made) == list(range(40))
    assert [str(error) for error in raised] == ["x"]


def test_without_threads_the_calls_are_made_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be removed is removed, one after another."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    made: list[int] = []
    assert in_parallel([lambda: made.append(1), lambda: made.append(2)]) == []
    assert sorted(made) == [1, 2]
