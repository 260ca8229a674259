"""Plan -> hosts file."""

from __future__ import annotations

import pytest

from labctl.plan.make import make_plan
from labctl.plan.names import hosts_file
from labctl.scenario.model import Family
from tests.unit.plan.wanted import compose, host, scenario

HOSTS = (host("cheerios"), host("client", count=2), host("nobody", absent=True))


def lines(family: Family, name: str) -> list[str]:
    plan = make_plan(scenario(*HOSTS), compose("cheerios", "client"), family)
    return [line.replace("\t", " ") for line in hosts_file(plan, name).splitlines()]


def test_every_host_knows_every_host_itself_first_and_absent_ones_too() -> None:
    """The plain name of a counted host stands for each of its copies."""
    assert lines(Family.IPV4, "client-1") == [
        "127.0.0.1 localhost",
        "10.51.0.3 client-1 client",
        "10.51.0.2 cheerios",
        "10.51.0.4 client-2 client",
        "10.51.0.5 nobody",
    ]


def test_in_an_ipv6_lab_hosts_have_only_ipv6_addresses() -> None:
    assert lines(Family.IPV6, "cheerios") == [
        "127.0.0.1 localhost",
        "::1 localhost",
        "fd51:717::2 cheerios",
        "fd51:717::3 client-1 client",
        "fd51:717::4 client-2 client",
        "fd51:717::5 nobody",
    ]


def test_in_a_dual_lab_every_name_has_both_addresses() -> None:
    assert lines(Family.DUAL, "cheerios")[2:4] == ["10.51.0.2 cheerios", "fd51:717::2 cheerios"]


def test_copies_of_an_absent_host_share_its_name_too() -> None:
    plan = make_plan(scenario(host("cheerios"), host("nobody", count=2, absent=True)), compose("cheerios"), Family.IPV4)
    assert hosts_file(plan, "cheerios").splitlines()[2:] == ["10.51.0.3\tnobody-1 nobody", "10.51.0.4\tnobody-2 nobody"]


def test_a_host_that_the_plan_does_not_have_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        lines(Family.IPV4, "nobody")
