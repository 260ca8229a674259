"""The agent's end of the channel neither waits nor loses anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from labctl.agent.frames import BadFrame, Decoder, Header, encode
from labctl.agent.line import Line
from labctl.agent.loop import Loop

Heard = list[tuple[Header, bytes]]


class Ends:
    """A line, what it heard, and labctl's end of it."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.loop = Loop()
        self.heard: Heard = []
        self.emptied = 0
        self._theirs = theirs
        descriptor = theirs.fileno()
        self.line = Line(self.loop, descriptor, descriptor, on_frame=self._on_frame, on_empty=self._on_empty)

    def _on_frame(self, header: Header, body: bytes) -> None:
        self.heard.append((header, body))
        self.loop.stop()

    def _on_empty(self) -> None:
        self.emptied += 1

    def close(self) -> None:
        """Both ends."""
        self.ours.close()
        self._theirs.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A line and the other end of it."""
    both = Ends()
    yield both
    both.close()


def test_frames_that_come_are_handed_on(ends: Ends) -> None:
    """A request reaches the agent with its body."""
    ends.ours.sendall(encode({"do": "feed"}, b"input"))
    ends.loop.run()
    assert ends.heard == [({"do": "feed"}, b"input")]


def test_the_end_of_the_channel_ends_the_loop(ends: Ends) -> None:
    """When labctl is gone, so is the agent."""
    ends.ours.close()
    ends.loop.run()
    assert ends.heard == []


def test_saying_never_waits(ends: Ends) -> None:
    """However much is said to somebody who doesn't listen, it is kept; how much that is can be asked."""
    assert not ends.line.is_full
    for _ in range(40):
        ends.line.say({"ev": "output"}, bytes(100_000))
    assert ends.line.is_full


def test_what_was_kept_comes_whole_and_in_order(ends: Ends) -> None:
    """All that was said arrives once the other end listens, and then it is told that there is room again."""
    for number in range(40):
        ends.line.say({"n": number}, bytes(100_000))
    decoder, received = Decoder(), list[Header]()

    def listen() -> None:
        for header, _ in decoder.feed(ends.ours.recv(1 << 20)):
            received.append(header)
        if len(received) == 40:
            ends.loop.stop()

    ends.loop.on_readable(ends.ours.fileno(), listen)
    before = ends.emptied
    ends.loop.run()
    assert [header["n"] for header in received] == list(range(40))
    assert not ends.line.is_full
    assert ends.emptied > before


def test_saying_to_nobody_is_no_error(ends: Ends) -> None:
    """What is said after labctl has gone is lost without harm."""
    ends.ours.close()
    ends.line.say({"ev": "ended"})
    assert not ends.line.is_full


def test_last_words_are_sent_before_flush_returns(ends: Ends) -> None:
    """`flush` waits for the other end, so that an agent can say a last word."""
    ends.line.say({"ev": "bye"})
    ends.line.flush()
    assert Decoder().feed(ends.ours.recv(100)) == [({"ev": "bye"}, b"")]


def test_nonsense_is_an_error(ends: Ends) -> None:
    """What is no frame ends the agent with an error, rather than being skipped."""
    ends.ours.sendall(b"\xff" * 8)
    with pytest.raises(BadFrame):
        ends.loop.run()
