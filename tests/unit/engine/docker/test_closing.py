"""A lab counts as closed only when that was seen."""

from __future__ import annotations

import errno
import os

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.docker import closing
from labctl.engine.docker.closing import Closing
from tests.unit.engine.docker.fake_daemon import FakeDaemon


def closing_of(monkeypatch: pytest.MonkeyPatch, answer: list[str] | Exception) -> Closing:
    def closed(*_: object) -> list[str]:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(closing, "closed", closed)
    return Closing(FakeDaemon([], []), {}, ["lab-1"])


def test_a_lab_that_is_closed_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    one = closing_of(monkeypatch, [])
    one.begin()
    one.end()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (["the machine has 10.64.0.1"], "the lab has a way out, so it is not run: the machine has 10.64.0.1"),
        (EngineError("no container"), "no container"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "too many open files"),
        (ImportError("docker.types"), "docker.types"),
    ],
)
def test_whatever_kept_it_from_being_closed_it_is_not_run(
    monkeypatch: pytest.MonkeyPatch, answer: list[str] | Exception, said: str
) -> None:
    one = closing_of(monkeypatch, answer)
    one.begin()

    with pytest.raises(Exception, match=said):
        one.end()


def test_a_lab_that_nobody_began_to_close_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="nobody has closed the lab"):
        closing_of(monkeypatch, []).end()
