"""Captures beside hosts, as a run talks to them; here the test is the captures."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from labctl.agent.frames import Decoder, Header, encode
from labctl.engine.contract import Channel, EngineError, Purpose
from labctl.engine.stream import SocketChannel
from labctl.hosts.conversation import Conversation, LabBroke
from labctl.runner.capturing import Capturing

HOSTS = ("cheerios", "client")


class FakeCapture(SocketChannel):
    """A channel to one that answers as soon as it is asked: before that it says what is `due`."""

    def __init__(self, host: str) -> None:
        ours, self.end = socket.socketpair()
        super().__init__(ours)
        self.host = host
        self.asked: list[str] = []
        self.lost = 0
        self.due: list[tuple[Header, bytes]] = []
        self.is_silent = False
        self.on_asked: Callable[[], None] = lambda: None
        self._decoder = Decoder()

    def says(self, header: Header, body: bytes = b"") -> None:
        self.end.sendall(encode(header, body))

    def greets(self) -> None:
        self.says({"ev": "hello", "host": self.host, "offset_ns": len(self.host)})

    def send(self, data: bytes) -> None:
        for header, _ in self._decoder.feed(data):
            self.asked.append(header["do"])
            for said in self.due:
                self.says(*said)
            self.due.clear()
            self.on_asked()
            if not self.is_silent:
                self.says({"re": header["id"], "packets": 0, "lost": self.lost, "cut": False})


class Stage:
    """A capture beside each host, each of which has said hello."""

    def __init__(self) -> None:
        self.captures = {host: FakeCapture(host) for host in HOSTS}
        self.packets: list[tuple[str, bytes]] = []
        self.problems: list[str] = []
        self.refusal = ""
        for capture in self.captures.values():
            capture.greets()
        self.capturing = Capturing(
            Conversation({}), HOSTS, lambda host, body: self.packets.append((host, body)), self.problems.append
        )

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        """As a lab does it."""
        assert purpose == "capture"
        if self.refusal:
            raise EngineError(self.refusal)
        return {host: self.captures[host] for host in hosts}

    def close(self) -> None:
        for capture in self.captures.values():
            capture.end.close()
            capture.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    one = Stage()
    yield one
    one.close()


def packets(body: bytes) -> tuple[Header, bytes]:
    return {"ev": "packets", "count": 1}, body


def test_recording_has_begun_when_every_capture_has_said_hello(stage: Stage) -> None:
    """Each said how its clocks differ."""
    stage.capturing.begin(stage.attend)
    assert stage.capturing.offsets_ns == {"cheerios": 8, "client": 6}


def test_where_a_capture_can_not_be_had_the_engine_says_so(stage: Stage) -> None:
    """In its own words."""
    stage.refusal = "there is no image"
    with pytest.raises(EngineError, match="there is no image"):
        stage.capturing.begin(stage.attend)


def test_a_capture_that_can_not_begin_says_why(stage: Stage) -> None:
    """Nothing can be told of a run that isn't recorded from its beginning."""
    stage.captures["client"] = broken = FakeCapture("client")
    broken.says({"ev": "broken", "detail": "PermissionError: no"})
    with pytest.raises(LabBroke, match="the packets of client can't be recorded: PermissionError: no"):
        stage.capturing.begin(stage.attend)


def test_a_flush_takes_what_has_come_by_then(stage: Stage) -> None:
    """Of every host, and says how much was lost at all of them."""
    stage.capturing.begin(stage.attend)
    for host, capture in stage.captures.items():
        capture.due.append(packets(host.encode()))
    stage.captures["client"].lost = 3
    assert stage.capturing.flush() == 3
    assert sorted(stage.packets) == [("cheerios", b"cheerios"), ("client", b"client")]
    assert stage.problems == []


def test_a_host_that_is_forgotten_is_flushed_first(stage: Stage) -> None:
    """Its end is no problem then, and what it lost stays known."""
    stage.capturing.begin(stage.attend)
    stage.captures["client"].due.append(packets(b"last"))
    stage.captures["client"].lost = 2
    stage.capturing.forget("client")
    stage.captures["client"].end.close()
    assert stage.packets == [("client", b"last")]
    assert stage.capturing.flush() == 2
    assert (stage.problems, stage.captures["client"].asked) == ([], ["flush"])
    stage.capturing.forget("client")  # once more is fine


def test_a_capture_that_dies_is_told_once_and_asked_no_more(stage: Stage) -> None:
    """Though it was being asked."""
    stage.capturing.begin(stage.attend)
    client = stage.captures["client"]
    client.is_silent, client.on_asked = True, client.end.close
    assert stage.capturing.flush() == 0
    assert stage.capturing.flush() == 0
    assert stage.problems == ["the capture of client ended before its time"]
    assert (client.asked, stage.captures["cheerios"].asked) == (["flush"], ["flush", "flush"])


def test_after_a_stop_nothing_is_taken(stage: Stage) -> None:
    """Though it may be on its way; nobody waits for the answers, so it may be asked for while packets come."""
    stage.capturing.begin(stage.attend)
    stage.captures["client"].due += [packets(b"late"), ({"ev": "cut", "host": "client"}, b"")]
    stage.capturing.stop()
    assert [capture.asked for capture in stage.captures.values()] == [["stop"], ["stop"]]
    stage.capturing.flush()
    assert (stage.packets, stage.problems) == ([], [])


def test_what_a_capture_did_not_record_is_told(stage: Stage) -> None:
    """It has a bound of its own."""
    stage.capturing.begin(stage.attend)
    stage.captures["client"].due.append(({"ev": "cut", "host": "client"}, b""))
    stage.capturing.flush()
    assert stage.problems == ["client had more packets than are recorded of one host"]
