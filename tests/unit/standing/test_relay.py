"""Visitors of a standing lab talk to the same agents, each as if alone."""

from __future__ import annotations

from labctl.agent.frames import Header
from labctl.standing.relay import Relay


class Ends:
    """What a relay sent, to the agent and to each visitor."""

    def __init__(self) -> None:
        self.agent: list[Header] = []
        self.visitors: dict[int, list[Header]] = {}
        self.relay = Relay(lambda header, body: self.agent.append(header))

    def arrive(self, visitor: int) -> None:
        heard: list[Header] = []
        self.visitors[visitor] = heard
        self.relay.arrive(visitor, lambda header, body: heard.append(header))


def test_two_visitors_may_use_the_same_names_and_numbers() -> None:
    """Replies and events come to whom they belong, under the names that they know."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    for visitor in (1, 2):
        ends.relay.from_visitor(visitor, {"do": "start", "id": 7, "program": "server"}, b"")
    first, second = ends.agent
    assert first["id"] != second["id"]
    assert first["program"] != second["program"]

    ends.relay.from_agent({"re": second["id"], "ok": True}, b"")
    ends.relay.from_agent({"ev": "ended", "program": first["program"], "status": 0}, b"")

    assert ends.visitors[2] == [{"re": 7, "ok": True}]
    assert ends.visitors[1] == [{"ev": "ended", "program": "server", "status": 0}]


def test_a_late_visitor_is_greeted_as_the_agent_greeted() -> None:
    """The hello of the agent is kept for those who come later."""
    ends = Ends()
    ends.relay.from_agent({"ev": "hello", "host": "cheerios"}, b"")
    ends.arrive(1)
    assert ends.visitors[1] == [{"ev": "hello", "host": "cheerios"}]


def test_the_programs_of_a_visitor_end_when_it_leaves() -> None:
    """Only those that still run, and only its own."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    for visitor, program in ((1, "gone"), (1, "runs"), (2, "other")):
        ends.relay.from_visitor(visitor, {"do": "start", "id": 1, "program": program}, b"")
    gone, runs, _ = (header["program"] for header in ends.agent)
    ends.relay.from_agent({"ev": "gone", "program": gone}, b"")
    ends.agent.clear()

    ends.relay.leave(1)

    assert [(header["do"], header["program"]) for header in ends.agent] == [("kill", runs)]


def test_a_visitor_can_not_send_the_agent_home() -> None:
    """What would end the lab, or others' programs, is not passed on."""
    ends = Ends()
    ends.arrive(1)
    for word in ("bye", "forget"):
        ends.relay.from_visitor(1, {"do": word, "id": 3}, b"")
    assert ends.agent == []
    assert all("error" in header for header in ends.visitors[1])


def test_what_comes_for_a_visitor_who_left_is_dropped() -> None:
    """Nobody else hears of it."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    ends.relay.from_visitor(1, {"do": "start", "id": 1, "program": "server"}, b"")
    name = ends.agent[0]["program"]
    ends.relay.leave(1)
    ends.relay.from_agent({"ev": "output", "program": name, "stream": "stdout"}, b"hello")
    assert ends.visitors[2] == []


def test_what_happens_by_itself_is_told_to_every_visitor() -> None:
    """A sidecar's decisions are about packets, and those are nobody's own."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    ends.relay.from_agent({"ev": "decided", "rows": []}, b"")
    assert ends.visitors == {1: [{"ev": "decided", "rows": []}], 2: [{"ev": "decided", "rows": []}]}


def begun_by(ends: Ends, visitor: int) -> bool:
    """Whether a program that this visitor begins now is kept aside."""
    ends.relay.from_visitor(visitor, {"do": "start", "id": 1, "program": "p", "aside": False}, b"")
    return bool(ends.agent[-1]["aside"])


def asked_to_trace(ends: Ends, visitor: int, **words: object) -> Header:
    """What the agent was told when this visitor asked."""
    ends.relay.from_visitor(visitor, {"do": "trace", "id": 2, **words}, b"")
    return ends.agent[-1]


def ended(ends: Ends) -> int:
    """How often the agent was told to trace no more."""
    return sum(header["do"] == "trace" and header.get("off", False) for header in ends.agent)


def test_only_programs_of_who_asked_are_traced() -> None:
    """What others begin is aside, and what somebody wants aside is."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    asked_to_trace(ends, 1)
    assert (begun_by(ends, 1), begun_by(ends, 2)) == (False, True)
    ends.relay.from_visitor(1, {"do": "start", "id": 3, "program": "q", "aside": True}, b"")
    assert ends.agent[-1]["aside"]


def test_tracing_ends_with_the_last_who_asked() -> None:
    """Once, whoever else is there or comes."""
    ends = Ends()
    for visitor in (1, 2, 3):
        ends.arrive(visitor)
    asked_to_trace(ends, 1)
    asked_to_trace(ends, 2)
    ends.relay.leave(1)
    assert ended(ends) == 0
    ends.relay.leave(2)
    assert ended(ends) == 1
    ends.relay.leave(3)
    assert ended(ends) == 1


def test_a_visitor_ends_its_own_tracing() -> None:
    """Others' goes on; it is answered all the same."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    asked_to_trace(ends, 1)
    asked_to_trace(ends, 2)
    asked_to_trace(ends, 1, off=True)
    assert (ended(ends), ends.visitors[1]) == (0, [{"re": 2, "ok": True}])
    assert (begun_by(ends, 1), begun_by(ends, 2)) == (True, False)
    asked_to_trace(ends, 2, off=True)
    assert ended(ends) == 1


def test_tracing_that_fails_for_one_is_not_ended_for_others() -> None:
    """Who was told that it can't be traced isn't, and hears why."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    first, second = asked_to_trace(ends, 1), asked_to_trace(ends, 2)
    ends.relay.from_agent({"re": second["id"], "error": "no-strace"}, b"")
    assert ends.visitors[2] == [{"re": 2, "error": "no-strace"}]
    assert (begun_by(ends, 1), begun_by(ends, 2), ended(ends)) == (False, True, 0)
    ends.relay.from_agent({"re": first["id"], "error": "no-strace"}, b"")
    assert ended(ends) == 1


def test_who_listens_hears_what_programs_of_others_print_until_it_leaves() -> None:
    """The visitor whose program it is hears it once, as ever."""
    ends = Ends()
    ends.arrive(1)
    ends.arrive(2)
    ends.relay.from_visitor(1, {"do": "start", "id": 7, "program": "server"}, b"")
    program = ends.agent[0]["program"]
    ends.relay.from_visitor(2, {"do": "listen", "id": 1}, b"")
    printed = {"ev": "output", "program": program, "stream": "stdout"}
    ends.relay.from_agent(printed, b"hello")

    own: Header = {"ev": "output", "program": "server", "stream": "stdout"}
    assert ends.visitors == {1: [own], 2: [{"re": 1, "ok": True}, own | {"heard": 1}]}
    assert len(ends.agent) == 1, "the agent is told nothing of it"

    ends.relay.leave(2)
    ends.relay.from_agent(printed, b"hello")
    assert (len(ends.visitors[1]), len(ends.visitors[2])) == (2, 2)
