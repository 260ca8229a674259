"""Visitors of one capture: each hears of what comes while it is there."""

from __future__ import annotations

from labctl.agent.frames import Header
from labctl.standing.captured import Captured

HELLO: Header = {"ev": "hello", "host": "cheerios", "offset_ns": 5}
CUT: Header = {"ev": "cut", "host": "cheerios"}


def packets(count: int) -> Header:
    return {"ev": "packets", "host": "cheerios", "count": count}


class Ends:
    """What a relay sent, to the capture and to each visitor."""

    def __init__(self) -> None:
        self.asked: list[Header] = []
        self.heard: dict[int, list[Header]] = {}
        self.relay = Captured(lambda header, body: self.asked.append(header))

    def arrive(self, visitor: int) -> None:
        heard = self.heard[visitor] = list[Header]()
        self.relay.arrive(visitor, lambda header, body: heard.append(header))

    def answer(self, *, lost: int = 0, packets: int = 0) -> None:
        """The capture answers what it was asked first."""
        self.relay.from_agent({"re": self.asked.pop(0)["id"], "packets": packets, "lost": lost, "cut": False}, b"")

    def settle(self, visitor: int, *, lost: int = 0) -> None:
        """A visitor arrives, and has been greeted."""
        self.arrive(visitor)
        self.answer(lost=lost)


def begun() -> Ends:
    """A capture that has said hello."""
    ends = Ends()
    ends.relay.from_agent(HELLO, b"")
    return ends


def test_a_visitor_is_greeted_when_what_came_before_has_been_told() -> None:
    """Nothing of it is this visitor's; nobody is asked before the capture is there."""
    ends = Ends()
    ends.arrive(1)
    assert ends.asked == []
    ends.relay.from_agent(HELLO, b"")
    ends.relay.from_agent(packets(3), b"...")
    assert ends.heard[1] == []
    ends.answer()
    ends.relay.from_agent(packets(2), b"..")
    assert ends.heard[1] == [HELLO, packets(2)]


def test_every_visitor_hears_of_every_packet_since_it_came() -> None:
    """One that has left doesn't, and isn't missed."""
    ends = begun()
    ends.settle(1)
    ends.relay.from_agent(packets(1), b".")
    ends.settle(2)
    ends.relay.from_agent(packets(2), b"..")
    ends.relay.leave(1)
    ends.relay.from_agent(packets(3), b"...")
    assert ends.heard == {1: [HELLO, packets(1), packets(2)], 2: [HELLO, packets(2), packets(3)]}


def test_a_visitor_is_told_what_was_lost_while_it_was_there() -> None:
    """And how many packets it was told of, under its own number."""
    ends = begun()
    ends.settle(1, lost=4)
    ends.relay.from_agent(packets(2), b"..")
    ends.relay.from_visitor(1, {"do": "flush", "id": 9}, b"")
    assert ends.asked[0]["do"] == "flush"
    ends.answer(lost=7, packets=100)
    assert ends.heard[1][-1] == {"re": 9, "packets": 2, "lost": 3, "cut": False}


def test_who_stops_stops_for_itself() -> None:
    """Others go on."""
    ends = begun()
    ends.settle(1)
    ends.settle(2)
    ends.relay.from_visitor(1, {"do": "stop", "id": 3}, b"")
    assert [asked["do"] for asked in ends.asked] == ["flush"]
    ends.answer()
    ends.relay.from_agent(packets(1), b".")
    assert ends.heard[1][1:] == [{"re": 3, "packets": 0, "lost": 0, "cut": False}]
    assert ends.heard[2][1:] == [packets(1)]


def test_nothing_else_can_be_asked() -> None:
    """The capture doesn't hear of it."""
    ends = begun()
    ends.settle(1)
    ends.relay.from_visitor(1, {"do": "sing", "id": 3}, b"")
    assert (ends.asked, ends.heard[1][-1]) == ([], {"re": 3, "error": "not for visitors"})


def test_a_record_that_was_cut_is_so_for_who_comes_later() -> None:
    """It is told after the greeting."""
    ends = begun()
    ends.settle(1)
    ends.relay.from_agent(CUT, b"")
    ends.settle(2)
    assert (ends.heard[1], ends.heard[2]) == ([HELLO, CUT], [HELLO, CUT])


def test_a_capture_is_left_when_its_last_visitor_has_gone() -> None:
    """Not before the first one came."""
    ends = begun()
    assert not ends.relay.is_left
    ends.settle(1)
    ends.settle(2)
    ends.relay.leave(1)
    assert not ends.relay.is_left
    ends.relay.leave(2)
    assert ends.relay.is_left
