"""Programs under keepers; descriptors that run out."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator

import pytest

from labctl.agent.keeper import Command, Nursery
from tests.unit.agent.kept import HOW, Report, Start


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


@pytest.fixture
def only_two_pipes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From now on only two pipes can be made. Afterwards as many descriptors are open as before."""
    before = sorted(os.listdir("/proc/self/fd"))
    made = iter([os.pipe(), os.pipe()])

    def pipe() -> tuple[int, int]:
        try:
            return next(made)
        except StopIteration:
            raise OSError(errno.EMFILE, "too many") from None

    monkeypatch.setattr(os, "pipe", pipe)
    yield
    assert sorted(os.listdir("/proc/self/fd")) == before
