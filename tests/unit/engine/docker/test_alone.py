"""Who makes images is alone at it; who waits is asked again and again whether it still wants to."""

from __future__ import annotations

import multiprocessing
import tempfile
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from labctl.engine.docker.alone import alone


class Enough(Exception):
    """Whoever waits has waited long enough."""


def hold(folder: str, has_it: Event, may_go: Event) -> None:
    """Be another process that is at it."""
    tempfile.tempdir = folder
    with alone("work", lambda: None):
        has_it.set()
        may_go.wait(60)


def enough() -> None:
    raise Enough


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_one_waits_for_the_other_and_may_give_up(folder: Path) -> None:
    fresh = multiprocessing.get_context("spawn")
    has_it, may_go = fresh.Event(), fresh.Event()
    other = fresh.Process(target=hold, args=(str(folder), has_it, may_go))
    other.start()
    try:
        assert has_it.wait(60)
        with pytest.raises(Enough), alone("work", enough):
            pass
        with alone("other work", enough):
            pass
        with alone("work", may_go.set):  # the other ends once somebody waits for it
            pass
        assert may_go.is_set()
    finally:
        may_go.set()
        other.join(60)


def test_one_that_was_killed_is_at_nothing(folder: Path) -> None:
    fresh = multiprocessing.get_context("spawn")
    has_it, may_go = fresh.Event(), fresh.Event()
    other = fresh.Process(target=hold, args=(str(folder), has_it, may_go))
    other.start()
    assert has_it.wait(60)
    other.kill()
    other.join(60)

    with alone("work", enough):
        pass
