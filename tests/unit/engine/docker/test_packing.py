"""An archive that comes in frames is had whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from labctl.agent.frames import encode
from labctl.engine.contract import EngineError
from labctl.engine.docker import packing
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint

PIECES = encode({"ev": "piece"}, b"arch") + encode({"ev": "piece"}, b"ive")


class Channel:
    """A container's output that is there already."""

    stderr = "no space left"
    broken = ""

    def __init__(self, said: bytes) -> None:
        self._come, go = os.pipe()
        os.write(go, said)
        os.close(go)

    def fileno(self) -> int:
        return self._come

    def receive(self) -> bytes:
        return os.read(self._come, 10)


def taken(said: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, list[str]]:
    """What is made of it, and what is told meanwhile."""
    told: list[str] = []

    @contextmanager
    def beside(*_: Any) -> Iterator[Channel]:  # Any: whatever the one that it stands for is given
        yield Channel(said)

    monkeypatch.setattr(packing, "beside", beside)
    return packing.packed(Daemon.__new__(Daemon), Endpoint("unix:///x"), told.append), told


def test_pieces_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    archive, told = taken(PIECES + encode({"ev": "packed"}), monkeypatch)

    assert archive == b"archive"
    assert set(told) == {"taking Python from labctl-host:latest"}


@pytest.mark.parametrize("said", [PIECES, PIECES[:-3], b"", b"\xff" * 20])
def test_one_that_breaks_off_is_none(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="Python could not be taken from labctl-host:latest: "):
        taken(said, monkeypatch)
