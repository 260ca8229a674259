"""The process that holds a lab, at work: here its lab is played, and visitors come by its socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from labctl.agent.frames import Decoder, Header, encode
from labctl.engine.contract import Channel, EngineError, Purpose
from labctl.engine.stream import SocketChannel
from labctl.standing.serve import Holder
from tests.contract.plans import plan_of

WITHIN_S = 10.0


class FakeLab:
    """Begins a capture wherever it is asked to, unless it refuses. `captures`: the far ends of their channels."""

    def __init__(self) -> None:
        self.plan = plan_of("cheerios")
        self.channels: dict[str, Channel] = {}
        self.captures: list[socket.socket] = []
        self.refusal = ""

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        assert purpose == "capture"
        if self.refusal:
            raise EngineError(self.refusal, hint="run `labctl build`")
        ends = [socket.socketpair() for _ in hosts]
        self.captures += [theirs for _, theirs in ends]
        for host, (_, theirs) in zip(hosts, ends, strict=True):
            theirs.settimeout(WITHIN_S)
            theirs.sendall(encode({"ev": "hello", "host": host, "offset_ns": len(self.captures)}))
        return {host: SocketChannel(ours) for host, (ours, _) in zip(hosts, ends, strict=True)}

    def halt(self, host: str) -> None:
        raise NotImplementedError

    def down(self) -> None:
        raise NotImplementedError


class Stage:
    """A holder that serves."""

    def __init__(self, folder: Path) -> None:
        self.lab = FakeLab()
        self._path = str(folder / "holder")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen()
        self._thread = threading.Thread(target=Holder(self.lab, "fake", self._listener).serve)
        self._thread.start()

    def visit(self, words: Header) -> socket.socket:
        """A connection that begins with these words."""
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(WITHIN_S)
        stream.connect(self._path)
        stream.sendall(encode(words))
        return stream

    def ask(self, words: Header) -> Header:
        """What is answered."""
        with self.visit(words) as stream:
            return first(stream)

    def close(self) -> None:
        self.visit({"down": True}).close()
        self._thread.join(WITHIN_S)
        self._listener.close()
        for capture in self.lab.captures:
            capture.close()


def first(stream: socket.socket) -> Header:
    """The next frame; {} if there is none any more."""
    decoder = Decoder()
    while data := stream.recv(1 << 16):
        for header, _ in decoder.feed(data):
            return header
    return {}


def flushed(capture: socket.socket) -> None:
    """A capture is asked to flush for a visitor that has come, and answers."""
    asked = first(capture)
    assert asked["do"] == "flush"
    capture.sendall(encode({"re": asked["id"], "packets": 0, "lost": 0, "cut": False}))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    one = Stage(tmp_path)
    yield one
    one.close()


def test_a_capture_ends_when_its_last_visitor_has_gone(stage: Stage) -> None:
    """Who comes then gets another one."""
    assert stage.ask({"record": ["cheerios"]}) == {"recorded": ["cheerios"]}
    one = stage.visit({"capture": "cheerios"})
    flushed(stage.lab.captures[0])
    two = stage.visit({"capture": "cheerios"})
    flushed(stage.lab.captures[0])
    assert first(one)["offset_ns"] == first(two)["offset_ns"] == 1
    one.close()
    assert stage.ask({"record": ["cheerios"]}) == {"recorded": ["cheerios"]}
    assert len(stage.lab.captures) == 1
    two.close()
    assert stage.lab.captures[0].recv(1) == b""
    assert stage.ask({"record": ["cheerios"]}) == {"recorded": ["cheerios"]}
    with stage.visit({"capture": "cheerios"}) as three:
        flushed(stage.lab.captures[1])
        assert first(three)["offset_ns"] == 2


def test_the_end_of_a_capture_is_heard_by_its_visitors(stage: Stage) -> None:
    """And the lab goes on."""
    stage.ask({"record": ["cheerios"]})
    with stage.visit({"capture": "cheerios"}) as visitor:
        flushed(stage.lab.captures[0])
        assert first(visitor)["ev"] == "hello"
        stage.lab.captures[0].close()
        assert first(visitor) == {}
    assert stage.ask({"about": True})["engine"] == "fake"


def test_a_capture_that_can_not_be_had_is_refused(stage: Stage) -> None:
    """With the engine's words; who talks to it all the same hears its end at once."""
    stage.lab.refusal = "there is no image"
    assert stage.ask({"record": ["cheerios"]}) == {"error": "there is no image", "hint": "run `labctl build`"}
    assert stage.ask({"capture": "cheerios"}) == {}
