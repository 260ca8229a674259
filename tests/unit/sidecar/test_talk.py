"""What every sidecar does for labctl: it answers, tells of what is watched, and nothing twice."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from labctl.agent.frames import Decoder, Header, encode
from labctl.agent.loop import Loop
from labctl.sidecar.rules import Json
from labctl.sidecar.tables import TableError
from labctl.sidecar.talk import Later, Talk, Watched


class Labctl:
    """The other end of a sidecar's talk; all that it asks is there when the sidecar begins, and then it is gone."""

    def __init__(self) -> None:
        self._come, self._ask = os.pipe()
        self._hear, self._go = os.pipe()
        self.talk = Talk("cheerios", self._come, self._go)

    def asks(self, *requests: Header) -> None:
        for request in requests:
            os.write(self._ask, encode(request))
        os.close(self._ask)

    def heard(self) -> list[Header]:
        return [header for header, _ in Decoder().feed(os.read(self._hear, 65536))]

    def close(self) -> None:
        for descriptor in (self._come, self._hear, self._go):
            os.close(descriptor)


@pytest.fixture
def labctl() -> Iterator[Labctl]:
    one = Labctl()
    yield one
    one.close()


def test_each_request_has_one_answer(labctl: Labctl) -> None:
    """After the hello; what the packet filter refuses, and what nobody knows, is answered too."""

    def refuse(header: Header) -> Json:
        raise TableError("nft: no")

    labctl.asks({"do": "add", "id": 1, "to": 4}, {"do": "refuse", "id": 2}, {"do": "sing", "id": 3})
    labctl.talk.serve({"add": lambda header: {"sum": header["to"] + 1}, "refuse": refuse}, buffer=7)
    hello, *answers = labctl.heard()
    assert (hello["ev"], hello["host"], hello["buffer"], hello["pid"]) == ("hello", "cheerios", 7, os.getpid())
    assert [{key: value for key, value in one.items() if key != "t"} for one in answers] == [
        {"re": 1, "sum": 5},
        {"re": 2, "error": "nft: no"},
        {"re": 3, "error": "unknown: sing"},
    ]


def test_a_watched_view_is_told_once_and_then_when_it_changes(labctl: Labctl) -> None:
    """One that is watched again is told again; one that isn't watched never."""
    counts = {"a": {"sent": 0}, "b": {"sent": 0}}
    watched = Watched(labctl.talk, lambda name: dict(counts[name]))
    watched.turn_to(["a"])
    for sent in (0, 0, 1, 1):
        counts["a"]["sent"] = counts["b"]["sent"] = sent
        watched.tell()
    watched.turn_to(["a", "b"])
    watched.tell()
    assert [(one["view"], one["counts"]["sent"]) for one in labctl.heard()] == [("a", 0), ("a", 1), ("a", 1), ("b", 1)]


def test_what_is_asked_for_several_times_is_done_once() -> None:
    """And again when it is asked for again."""
    loop = Loop()
    done: list[str] = []

    def look() -> None:
        done.append("looked")
        if len(done) == 2:
            loop.stop()
        else:
            later.ask()

    later = Later(loop, 0.0, look)
    later.ask()
    later.ask()
    loop.run()
    assert done == ["looked", "looked"]
