"""Which hosts a run attends and which packets it looks at, from what the steps say."""

from __future__ import annotations

import pytest

from labctl.scenario.links.places import Interest, Places, interests, link_of, places_of, receivers
from labctl.scenario.model import HostSpec, Link, Only, Position, Step
from labctl.scenario.read import scenario_of
from labctl.scenario.yaml.tree import parse

HOSTS = "hosts: {cheerios: {}, client: {count: 2}, nobody: {absent: true}}\n"
AT = Position("x.yaml", 1, 1)
SPECS = (HostSpec("cheerios", AT), HostSpec("client", AT, count=2), HostSpec("nobody", AT, absent=True))
CLIENTS = frozenset({"client-1", "client-2"})
CHEERIOS = frozenset({"cheerios"})


def steps(*texts: str) -> tuple[Step, ...]:
    listed = "".join(f"  - {{{text}}}\n" for text in texts)
    return scenario_of(parse(f"{HOSTS}steps:\n{listed}", "x.yaml"), services=None).steps


@pytest.fixture
def places() -> Places:
    return places_of(SPECS)


def test_any_is_every_machine_and_no_absent_host(places: Places) -> None:
    assert places.hosts("any") == ("cheerios", "client-1", "client-2")
    assert places.hosts("client") == ("client-1", "client-2")


def test_each_receiver_has_its_senders_and_is_none_of_them(places: Places) -> None:
    assert places.directions(Link("any", "client-1")) == [(frozenset({"cheerios", "client-2"}), "client-1")]
    assert places.directions(Link("client", "client")) == [
        (frozenset({"client-2"}), "client-1"),
        (frozenset({"client-1"}), "client-2"),
    ]
    assert places.directions(Link("cheerios", "cheerios")) == []


def test_both_ways_are_two_directions(places: Places) -> None:
    assert places.directions(Link("client-1", "cheerios", both=True)) == [
        (frozenset({"client-1"}), "cheerios"),
        (CHEERIOS, "client-1"),
    ]


def test_a_step_without_a_link_names_none() -> None:
    named = steps("on: cheerios, run: ls", "heal: all", "heal: client -> cheerios", "on: cheerios, check: tcp 7")

    assert [link_of(step) for step in named] == [None, None, Link("client", "cheerios"), None]


def test_hosts_where_nothing_named_arrives_are_not_attended(places: Places) -> None:
    assert receivers(steps("on: cheerios, run: ls", "heal: all"), places) == ()
    assert receivers(steps("link: client -> cheerios, cut: silent"), places) == ("cheerios",)


def test_packets_in_an_order_are_seen_in_the_record_and_need_nobody_beside_a_host(places: Places) -> None:
    """Where something is counted too, they are attended for that."""
    order = "check: client -> cheerios, expect: {order: [-> SYN]}"
    counted = "check: client -> cheerios, expect: {order: [-> SYN], sent: 1}"

    assert (receivers(steps(order), places), interests(steps(order), places)) == ((), ())
    assert receivers(steps(counted), places) == ("cheerios",)
    assert len(interests(steps(counted), places)) == 1


@pytest.mark.parametrize(
    "step",
    [
        "link: cheerios -> client-2, drop: fragments",
        "heal: cheerios -> client-2",
        "check: cheerios -> client-2, expect: {sent: 0}",
        "wait: cheerios -> client-2, until: {sent: 0}",
    ],
)
def test_every_verb_that_names_a_link_has_its_receivers_attended(step: str, places: Places) -> None:
    named = steps("link: client -> cheerios, cut: silent", step, "heal: client -> cheerios")

    assert receivers(named, places) == ("cheerios", "client-2")


def test_packets_of_a_kind_are_of_interest_once(places: Places) -> None:
    named = steps(
        "link: client -> cheerios, only: udp 7, drop: [2]",
        "check: client -> cheerios, only: udp 7, expect: {sent: 3}",
        "wait: client-1 <-> cheerios, until: {sent: 3}",
    )

    assert interests(named, places) == (
        Interest(CLIENTS, "cheerios", Only("udp", 7)),
        Interest(frozenset({"client-1"}), "cheerios"),
        Interest(CHEERIOS, "client-1"),
    )


def test_neither_healing_nor_losing_fragments_needs_a_look_at_whole_packets(places: Places) -> None:
    assert interests(steps("link: client -> cheerios, drop: fragments", "heal: any -> any"), places) == ()
    assert len(interests(steps("link: client -> cheerios, drop: fragments, delay: 1s"), places)) == 1
