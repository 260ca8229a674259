"""Visitors tell one sidecar what to do, each as if alone; what each put there ends when it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.agent.frames import Header
from labctl.standing.shared import Shared

ADDRESS, OTHER = "10.51.0.2", "10.51.0.3"
HEX = {ADDRESS: "0a330002", OTHER: "0a330003"}


def rule(name: str, *senders: str) -> dict[str, Any]:
    """A rule as a visitor tells it."""
    return {"name": name, "fault": "drop", "senders": [HEX[one] for one in senders or (ADDRESS,)], "only": None}


def interest(*senders: str) -> dict[str, Any]:
    """All packets of these senders."""
    return {"senders": list(senders or (ADDRESS,)), "only": None}


class Ends:
    """What a relay sent, to the sidecar and to each visitor. The sidecar answers that all is well."""

    def __init__(self) -> None:
        self.sidecar: list[Header] = []
        self.visitors: dict[int, list[Header]] = {}
        self.answers: dict[str, Header] = {}
        self.is_silent = False
        self.relay = Shared(self._take)

    def _take(self, header: Header, body: bytes) -> None:
        self.sidecar.append(header)
        if self.is_silent:
            return
        self.relay.from_agent({"re": header["id"], **self.answers.get(header["do"], {"ok": True})}, b"")

    def arrive(self, visitor: int) -> None:
        heard: list[Header] = []
        self.visitors[visitor] = heard
        self.relay.arrive(visitor, lambda header, body: heard.append(header))

    def ask(self, visitor: int, do: str, **words: object) -> Header:
        """Have a visitor ask; what it hears."""
        self.relay.from_visitor(visitor, {"do": do, "id": 7, **words}, b"")
        return self.visitors[visitor][-1]

    def told(self, do: str) -> Header:
        """What the sidecar was told last of this kind."""
        return next(header for header in reversed(self.sidecar) if header["do"] == do)

    def rules(self) -> list[str]:
        """The names of the rules that it was told last."""
        return [one["name"] for one in self.told("rules")["rules"]]


@pytest.fixture
def ends() -> Ends:
    """A sidecar that has said hello, and two visitors, each with a rule."""
    ends = Ends()
    ends.relay.from_agent({"ev": "hello", "host": "cheerios"}, b"")
    for visitor in (1, 2):
        ends.arrive(visitor)
        ends.ask(visitor, "watch", interests=[interest()], views=[{"name": "v1"}])
        ends.ask(visitor, "rules", rules=[rule("loss #1")], ending=[])
    return ends


def test_nothing_is_said_before_the_sidecar_listens() -> None:
    """Its first bytes are its own program; a frame among them would be lost."""
    ends = Ends()
    ends.arrive(1)
    ends.relay.from_visitor(1, {"do": "watch", "id": 1, "interests": []}, b"")
    assert ends.sidecar == []
    ends.relay.from_agent({"ev": "hello", "host": "cheerios"}, b"")
    assert [header["do"] for header in ends.sidecar] == ["audit", "watch"]


def test_the_rules_of_all_are_in_force_together(ends: Ends) -> None:
    """Under names that tell them apart, though they have the same."""
    assert ends.rules() == ["1/loss #1", "2/loss #1"]


def test_packets_that_two_want_are_looked_at_once_and_as_long_as_one_wants_them(ends: Ends) -> None:
    """Who wants others now takes nothing from the other."""
    assert ends.told("watch")["interests"] == [interest()]
    ends.ask(1, "watch", interests=[interest(OTHER)])
    assert ends.told("watch")["interests"] == [interest(OTHER), interest()]


def test_what_a_visitor_put_there_ends_when_it_leaves(ends: Ends) -> None:
    """Its rules, its views; and it is told so when it has ended, not before."""
    left: list[str] = []
    ends.relay.leave(1, lambda: left.append(ends.told("watch")["gone"][0]))
    assert ends.rules() == ["2/loss #1"]
    assert left == ["1/v1"]
    ends.relay.leave(2)
    assert (ends.rules(), ends.told("watch")["interests"]) == ([], [])


def test_who_has_put_nothing_there_leaves_at_once(ends: Ends) -> None:
    """The sidecar is not bothered."""
    ends.arrive(3)
    ends.sidecar.clear()
    left: list[bool] = []
    ends.relay.leave(3, lambda: left.append(True))
    assert (left, ends.sidecar) == ([True], [])


def test_what_was_kept_stays_until_it_is_healed(ends: Ends) -> None:
    """Of one sender, then of all."""
    ends.ask(1, "rules", rules=[rule("loss #1", ADDRESS, OTHER)], ending=[])
    ends.ask(1, "keep")
    ends.relay.leave(1)
    assert ends.relay.others(2) == [("loss #1", False)]
    assert ends.relay.heal_kept([ADDRESS])
    ends.ask(2, "rules", rules=[], ending=["loss #1"])
    assert ends.told("rules")["rules"] == [rule("1/loss #1", OTHER)]
    assert ends.relay.heal_kept(None)
    assert not ends.relay.heal_kept(None)
    ends.ask(2, "rules", rules=[], ending=[])
    assert ends.rules() == []


def test_the_rules_of_who_is_still_there_are_not_healed_by_others(ends: Ends) -> None:
    """What is judged there would not be so."""
    ends.ask(1, "keep")
    assert not ends.relay.heal_kept(None)
    assert ends.relay.others(2) == [("loss #1", True)]


def test_decisions_counters_and_shortfalls_come_to_whom_they_belong(ends: Ends) -> None:
    """Under the names that they know."""
    ends.relay.from_agent({"ev": "decided", "rows": [["1/loss #1", "client", 2], ["2/loss #1", "client", 3]]}, b"")
    ends.relay.from_agent({"ev": "counted", "view": "2/v1", "counts": {}}, b"")
    assert ends.visitors[1][-1]["rows"] == [["loss #1", "client", 2]]
    assert ends.visitors[2][-2]["rows"] == [["loss #1", "client", 3]]
    assert ends.visitors[2][-1]["view"] == "v1"

    found = [{"rule": f"{visitor}/loss #1", "sender": "client", "what": str(visitor)} for visitor in (1, 2)]
    ends.answers["audit"] = ends.answers["rules"] = {"shortfalls": found, "lost": 0}
    assert [one["what"] for one in ends.ask(1, "audit")["shortfalls"]] == ["1"]
    assert ends.ask(2, "rules", rules=[], ending=["loss #1"])["shortfalls"] == [found[1] | {"rule": "loss #1"}]


def test_that_rules_are_in_force_is_told_to_whose_rules_they_are(ends: Ends) -> None:
    """To nobody else: nothing of theirs has changed."""
    ends.is_silent = True
    before = len(ends.visitors[1])
    ends.relay.from_visitor(2, {"do": "rules", "id": 7, "rules": [rule("late #2")], "ending": []}, b"")
    ends.relay.from_agent({"ev": "in-force", "t": 5, "rules": ["1/loss #1", "2/late #2"]}, b"")
    assert ends.visitors[2][-1] == {"ev": "in-force", "t": 5, "rules": ["late #2"]}
    assert len(ends.visitors[1]) == before


def test_packets_that_were_lost_before_a_visitor_came_are_not_its_affair(ends: Ends) -> None:
    """Only those since make its verdict unknown."""
    ends.answers["audit"] = {"shortfalls": [], "lost": 5}
    ends.arrive(3)
    ends.answers["audit"] = {"shortfalls": [], "lost": 7}
    assert ends.ask(3, "audit")["lost"] == 2
    assert ends.ask(1, "audit")["lost"] == 7


def test_what_the_sidecar_refused_is_not_in_force(ends: Ends) -> None:
    """The next that is told it is what was before."""
    ends.answers["rules"] = {"error": "nft: no"}
    assert ends.ask(1, "rules", rules=[rule("other #2")], ending=["loss #1"])["error"] == "nft: no"
    assert ends.relay.others(2) == [("loss #1", True)]


def test_fragments_are_spoken_of_only_when_they_change(ends: Ends) -> None:
    """Each time costs a run of nft."""
    ends.ask(1, "rules", rules=[], ending=[], fragments=[interest()])
    assert ends.told("rules")["fragments"] == [interest()]
    ends.ask(2, "rules", rules=[], ending=[])
    assert "fragments" not in ends.told("rules")


def test_a_visitor_can_not_ask_for_what_is_unknown(ends: Ends) -> None:
    """It is told so."""
    assert ends.ask(1, "bye")["error"] == "not for visitors"
