"""A channel to a probe -> what it found."""

from __future__ import annotations

import socket

import pytest

from labctl.agent.frames import encode
from labctl.engine.contract import EngineError
from labctl.engine.stream import SocketChannel
from labctl.engine.trial import found_by


def found(said: bytes) -> dict[str, object]:
    """Of a probe that says this and ends."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(said)
        return found_by(SocketChannel(ours))


def test_what_it_found_is_passed_on() -> None:
    """It takes one frame."""
    assert found(encode({"ev": "probed", "has_queue": True}))["has_queue"] is True


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "nothing was said"),
        (b"\xff" * 20, "nothing was said"),
        (encode({"ev": "broken", "detail": "Operation not supported"}), "Operation not supported"),
    ],
    ids=["nothing", "no frame", "broken"],
)
def test_what_could_not_be_tried_says_why(said: bytes, why: str) -> None:
    """As far as it said so."""
    with pytest.raises(EngineError, match=f"the packet filter could not be tried: {why}"):
        found(said)
