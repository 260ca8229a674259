"""The book of a lab that stands: what each sidecar is told, what is in force, what becomes of it when one dies."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from labctl.agent.frames import Header
from labctl.runner.counted import Counts
from labctl.scenario.model import Fault, Heal, Impair, Link, Only, Which
from labctl.scenario.problems import Position
from labctl.standing.faults import Faults
from labctl.standing.named import absent_in, names_in, places_in
from labctl.standing.seen import FaultsSeen
from labctl.standing.shared import Shared
from tests.contract.plans import plan_of

HOSTS = ("cheerios", "client", "other")
PLAN = plan_of(*HOSTS)
AT = Position("LINK", 1, 1)
UDP = Only("udp", 51717)
LOSS = Fault(name="drop", which=Which(ordinals=(2,)))
LATE = Fault(name="delay", delay_s=0.04)
FRAGMENTS = Fault(name="drop", which=Which(fragments=True))
ONE_WAY, TO_ALL = Link("client", "cheerios"), Link("any", "cheerios")
COUNTED = {"sent": 5, "arrived": 4, "dropped": 1, "lost": {"client": [2]}, "retransmitted": 0, "resets": 0}


class Lab:
    """A book, and sidecars that answer at once."""

    def __init__(self) -> None:
        self.sidecars: dict[str, Shared] = {}
        self.faults = Faults(PLAN, self.sidecars)
        self.places = places_in(PLAN, HOSTS)
        self.told: dict[str, list[Header]] = {host: [] for host in HOSTS}
        self.answers: dict[str, Header] = {"counts": {"counts": COUNTED}}
        self.heard: list[Header] = []
        self.is_slow = False

    def attend(self, *hosts: str) -> None:
        """Sidecars begin beside these hosts."""
        for host in hosts:
            self.sidecars[host] = Shared(lambda header, body, host=host: self._take(host, header))  # type: ignore[misc]  # mypy sees no default
            self.faults.join(host)
            self.sidecars[host].from_agent({"ev": "hello", "host": host}, b"")

    def _take(self, host: str, header: Header) -> None:
        self.told[host].append(header)
        if not self.is_slow:
            self.sidecars[host].from_agent({"re": header["id"], **self.answers.get(header["do"], {})}, b"")

    def end(self, host: str) -> None:
        """The sidecar there ends by itself."""
        del self.sidecars[host]
        self.faults.lose(host, "killed")

    def impair(self, link: Link, *faults: Fault, only: Only | None = None) -> None:
        self.faults.impair(Impair(at=AT, link=link, faults=faults, only=only), self.places, self.heard.append)

    def heal(self, link: Link | None) -> None:
        self.faults.heal(Heal(at=AT, link=link), self.places, self.heard.append)

    def rules(self, host: str) -> list[str]:
        """The names of the rules that a sidecar was told last."""
        told = [header for header in self.told[host] if header["do"] == "rules"]
        return [rule["name"].partition("/")[2] for rule in told[-1]["rules"]]

    def seen(self) -> FaultsSeen:
        found: list[FaultsSeen] = []
        self.faults.look(found.append)
        return found[0]


@pytest.fixture
def lab() -> Lab:
    """A lab whose hosts cheerios and client are attended."""
    lab = Lab()
    lab.attend("cheerios", "client")
    return lab


def names_of(seen: FaultsSeen) -> list[tuple[Sequence[str], str, list[str]]]:
    return [(link.senders, link.receiver, [fault.name for fault in link.faults]) for link in seen.links]


def test_a_fault_is_told_where_packets_arrive_and_nowhere_else(lab: Lab) -> None:
    """First what is to be looked at, then the rule; the answer comes when both are done."""
    lab.impair(ONE_WAY, LOSS, only=UDP)
    assert [header["do"] for header in lab.told["cheerios"]] == ["audit", "watch", "rules", "watch"]
    assert lab.rules("cheerios") == ["drop client -> cheerios #1"]
    assert [header["do"] for header in lab.told["client"]] == ["audit"]
    assert lab.heard == [{"shortfalls": []}]


def test_several_faults_of_a_link_are_shown_together_with_its_counters(lab: Lab) -> None:
    """Each kind of packets by itself."""
    lab.impair(ONE_WAY, LOSS, only=UDP)
    lab.impair(ONE_WAY, replace(LOSS, name="duplicate"), only=UDP)
    lab.impair(TO_ALL, LATE)
    seen = lab.seen()
    assert names_of(seen) == [
        (("client",), "cheerios", ["drop", "duplicate"]),
        (("client", "other"), "cheerios", ["delay"]),
    ]
    assert seen.links[0].counts == Counts(sent=5, arrived=4, dropped=1, lost={"client": (2,)})
    assert lab.faults.rules == 3


def test_healed_for_one_sender_a_fault_goes_on_for_the_others(lab: Lab) -> None:
    """The sidecar is told both, and how many rules ended is said."""
    lab.impair(TO_ALL, LATE)
    lab.heal(ONE_WAY)
    assert names_of(lab.seen()) == [(("other",), "cheerios", ["delay"])]
    assert lab.heard[-1] == {"shortfalls": [], "ended": 1}
    lab.heal(None)
    assert lab.heard[-1] == {"shortfalls": [], "ended": 1}
    assert (lab.seen().links, lab.rules("cheerios")) == ((), [])
    assert [header for header in lab.told["cheerios"] if header["do"] == "watch"][-1]["interests"] == []


def test_what_a_rule_never_saw_is_said_when_it_ends(lab: Lab) -> None:
    """In words."""
    lab.impair(ONE_WAY, LOSS, only=UDP)
    missed = {"rule": "0/drop client -> cheerios #1", "sender": "client", "what": "packet 2 never came: there were 0"}
    lab.answers["rules"] = {"shortfalls": [missed]}
    lab.heal(None)
    assert lab.heard[-1]["shortfalls"] == ["drop client -> cheerios from client: packet 2 never came: there were 0"]


def test_with_all_healed_names_and_so_chances_begin_anew(lab: Lab) -> None:
    """The same words draw the same packets again."""
    for _ in range(2):
        lab.impair(ONE_WAY, LOSS, only=UDP)
        assert lab.rules("cheerios") == ["drop client -> cheerios #1"]
        lab.heal(None)


def test_a_rule_that_one_end_refuses_is_in_force_at_none(lab: Lab) -> None:
    """The book is as before, and why is said."""
    lab.impair(ONE_WAY, LATE)
    lab.answers["rules"] = {"error": "nft: no"}
    lab.impair(Link("client", "cheerios", both=True), LOSS, only=UDP)
    assert lab.heard[-1]["error"] == "nft: no"
    assert lab.heard[-1]["hint"]
    lab.answers["rules"] = {}
    assert names_of(lab.seen()) == [(("client",), "cheerios", ["delay"])]
    assert (lab.rules("cheerios"), lab.rules("client")) == (["delay client -> cheerios #1"], [])


def test_one_change_comes_after_the_other(lab: Lab) -> None:
    """The second is told when the first is in force."""
    lab.is_slow = True
    lab.impair(ONE_WAY, LATE)
    lab.impair(ONE_WAY, LOSS, only=UDP)
    rules = [header for header in lab.told["cheerios"] if header["do"] == "rules"]
    assert (len(rules), lab.heard) == (1, [])
    lab.is_slow = False
    for header in lab.told["cheerios"][-3:]:
        lab.sidecars["cheerios"].from_agent({"re": header["id"]}, b"")
    assert len(lab.heard) == 2
    assert len(lab.rules("cheerios")) == 2


def test_who_waits_for_a_sidecar_that_dies_is_told(lab: Lab) -> None:
    """Nobody waits for ever, and the next one is served."""
    lab.is_slow = True
    lab.impair(ONE_WAY, LATE)
    lab.end("cheerios")
    assert lab.heard == [
        {
            "error": "what looks after the links of cheerios has ended",
            "hint": "see `labctl doctor` for what faults need",
        }
    ]
    lab.is_slow = False
    lab.impair(Link("cheerios", "client"), LATE)
    assert lab.heard[-1] == {"shortfalls": []}


def test_a_sidecar_that_died_is_not_hidden(lab: Lab) -> None:
    """What it was told stands in the book, nothing is counted, and it is said; a new one is told it again."""
    lab.impair(ONE_WAY, LATE)
    lab.end("cheerios")
    seen = lab.seen()
    assert (seen.gone, seen.links[0].counts) == ({"cheerios": "killed"}, None)
    lab.told["cheerios"].clear()
    lab.attend("cheerios")
    assert lab.rules("cheerios") == ["delay client -> cheerios #1"]
    assert (lab.seen().gone, lab.seen().links[0].counts is None) == ({}, False)


def test_a_halted_host_takes_its_rules_along(lab: Lab) -> None:
    """And only its own."""
    lab.impair(Link("client", "cheerios", both=True), LATE)
    del lab.sidecars["cheerios"]
    lab.faults.forget("cheerios")
    assert names_of(lab.seen()) == [(("cheerios",), "client", ["delay"])]


def test_rules_of_runs_are_shown_and_left_to_them(lab: Lab) -> None:
    """As long as they go on; what one left behind is healed like one's own."""
    told: list[Header] = []
    sidecar = lab.sidecars["cheerios"]
    sidecar.arrive(3, lambda header, body: told.append(header))
    theirs = {"name": "cut client -> cheerios #1", "senders": ["0a330003"], "only": None}
    sidecar.from_visitor(3, {"do": "rules", "id": 1, "rules": [theirs], "ending": []}, b"")
    lab.heal(None)
    [other] = lab.seen().others
    assert (other.receiver, other.rule, other.goes_on) == ("cheerios", "cut client -> cheerios", True)
    assert lab.heard[-1]["ended"] == 0
    sidecar.from_visitor(3, {"do": "keep", "id": 2}, b"")
    sidecar.leave(3)
    assert [one.goes_on for one in lab.seen().others] == [False]
    lab.heal(None)
    assert (lab.seen().others, lab.heard[-1]["ended"], lab.rules("cheerios")) == ((), 1, [])


def test_fragments_are_lost_before_they_reach_the_queue(lab: Lab) -> None:
    """That rule is none of the queue's."""
    lab.impair(ONE_WAY, FRAGMENTS)
    [rules] = [header for header in lab.told["cheerios"] if header["do"] == "rules"]
    assert (rules["rules"], len(rules["fragments"])) == ([], 1)


def test_a_counted_hosts_plain_name_stands_for_its_copies_that_are_up() -> None:
    """Names of absent hosts are known, and stand for nobody."""
    plan = plan_of("server-1", "server-2", absent=["nobody"])
    plan = replace(plan, hosts=tuple(replace(host, service="server") for host in plan.hosts))
    assert names_in(plan)["server"] == ("server-1", "server-2")
    assert places_in(plan, ["server-2"]).hosts("server") == ("server-2",)
    assert places_in(plan, ["server-2"]).hosts("any") == ("server-2",)
    assert (names_in(plan)["nobody"], absent_in(plan)) == ((), {"nobody"})
