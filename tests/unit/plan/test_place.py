"""Plan -> the same plan elsewhere."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.plan.place import moved
from labctl.scenario.model import Family
from tests.unit.plan.wanted import compose, host, scenario

HOSTS = (host("cheerios"), host("nobody", absent=True), host("client"))
NET4, NET6 = IPv4Network("10.99.8.16/28"), IPv6Network("fd00:1:2:3::/64")


def plan(family: Family = Family.DUAL, count: int | None = None) -> Plan:
    hosts = (host("client", count=count),) if count else HOSTS
    return make_plan(scenario(*hosts), compose("cheerios", "client"), family)


def test_every_address_keeps_its_offset_in_the_new_subnet() -> None:
    there = moved(plan(), NET4, NET6)

    assert [(h.address4, h.address6) for h in there.hosts] == [
        ("10.99.8.18", "fd00:1:2:3::2"),
        ("10.99.8.20", "fd00:1:2:3::4"),
    ]
    assert [(h.address4, h.address6) for h in there.absent] == [("10.99.8.19", "fd00:1:2:3::3")]
    assert (there.subnet4, there.subnet6) == (NET4, NET6)


def test_names_and_macs_stay() -> None:
    before = plan()

    after = moved(before, NET4, NET6)

    assert [(h.name, h.mac) for h in after.hosts] == [(h.name, h.mac) for h in before.hosts]


def test_a_family_that_the_lab_does_not_speak_is_not_given_addresses() -> None:
    there = moved(plan(Family.IPV4), NET4, NET6)

    assert there.subnet6 is None
    assert {h.address6 for h in there.hosts} == {None}


def test_there_and_back_is_the_same_plan() -> None:
    before = plan()

    assert moved(moved(before, NET4, NET6), before.subnet4, before.subnet6) == before


def test_none_leaves_a_family_where_it_is() -> None:
    before = plan()

    assert moved(before, NET4, None).hosts[0].address6 == before.hosts[0].address6


def test_a_subnet_without_room_for_all_is_refused() -> None:
    with pytest.raises(IndexError, match="has no room"):
        moved(plan(Family.IPV4, count=14), NET4, None)
