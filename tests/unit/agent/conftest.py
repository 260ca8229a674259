"""Descriptors that run out."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest


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
