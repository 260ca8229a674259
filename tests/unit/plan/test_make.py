"""Scenario + compose.yaml -> Plan."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from labctl.plan.compose_file import ComposeFile
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.scenario.model import Family, Fault, Heal, HostSpec, Impair, Link
from labctl.scenario.problems import Position, ScenarioError
from tests.unit.plan.wanted import compose, host, scenario

AT = Position("scenarios/basic.yaml", 5, 3)


def text(plan: Plan) -> str:
    return msgspec.json.encode(plan, enc_hook=str).decode()


def test_hosts_stand_in_the_scenarios_order_with_their_addresses() -> None:
    plan = make_plan(scenario(host("client"), host("cheerios")), compose("cheerios", "client"), Family.DUAL)

    assert [(h.name, h.address4, h.address6, h.mac) for h in plan.hosts] == [
        ("client", "10.51.0.2", "fd51:717::2", "02:42:0a:33:00:02"),
        ("cheerios", "10.51.0.3", "fd51:717::3", "02:42:0a:33:00:03"),
    ]


def test_the_same_scenario_gives_the_same_plan_to_the_byte() -> None:
    hosts = (host("cheerios", sysctls={"net.b": "2", "net.a": "1"}), host("client", count=3))
    other = (host("cheerios", sysctls={"net.a": "1", "net.b": "2"}), host("client", count=3))

    first = make_plan(scenario(*hosts), compose("cheerios", "client"), Family.IPV4)
    second = make_plan(scenario(*other), compose("client", "cheerios"), Family.IPV4)

    assert text(first) == text(second)


def test_a_scenario_without_hosts_has_every_service_once() -> None:
    plan = make_plan(scenario(), compose("cheerios", "client"), Family.IPV4)

    assert [h.name for h in plan.hosts] == ["cheerios", "client"]


def test_a_counted_host_becomes_numbered_hosts_in_its_place() -> None:
    hosts = (host("client", count=2), host("cheerios"))

    plan = make_plan(scenario(*hosts), compose("cheerios", "client"), Family.IPV4)

    assert [h.name for h in plan.hosts] == ["client-1", "client-2", "cheerios"]
    assert plan.host("client-2").service == "client"


def test_a_count_of_one_is_numbered_too() -> None:
    plan = make_plan(scenario(host("client", count=1)), compose("client"), Family.IPV4)

    assert [h.name for h in plan.hosts] == ["client-1"]


def test_an_absent_host_has_an_address_and_needs_no_service() -> None:
    plan = make_plan(scenario(host("nobody", absent=True), host("client")), compose("client"), Family.IPV4)

    assert [(h.name, h.address4) for h in plan.absent] == [("nobody", "10.51.0.2")]
    assert [(h.name, h.address4) for h in plan.hosts] == [("client", "10.51.0.3")]


@pytest.mark.parametrize(
    ("family", "addresses"),
    [
        (Family.IPV4, ("10.51.0.2", None)),
        (Family.IPV6, (None, "fd51:717::2")),
        (Family.DUAL, ("10.51.0.2", "fd51:717::2")),
    ],
)
def test_a_host_has_only_addresses_of_the_labs_family(family: Family, addresses: tuple[str | None, str | None]) -> None:
    plan = make_plan(scenario(host("client")), compose("client"), family)

    assert (plan.hosts[0].address4, plan.hosts[0].address6) == addresses
    assert (plan.subnet4 is None, plan.subnet6 is None) == (addresses[0] is None, addresses[1] is None)


def test_hosts_where_packets_arrive_on_named_links_will_be_attended() -> None:
    """So that what their sidecars are made from is there before the lab is; no other host is."""
    hosts = scenario(host("server", count=2), host("client"), host("other"))
    late = Impair(at=AT, link=Link("any", "server"), faults=(Fault(name="delay", delay_s=0.04),))
    steps = (late, Heal(at=AT, link=Link("server-1", "client")))

    plan = make_plan(replace(hosts, steps=steps), compose("server", "client", "other"), Family.IPV4)

    assert plan.attended == ("server-1", "server-2", "client")
    assert make_plan(hosts, compose("server", "client", "other"), Family.IPV4).attended == ()


def test_a_scenarios_setting_wins_over_the_services_and_that_over_the_pinned_one() -> None:
    own = {"net.ipv4.tcp_syn_retries": "1"}
    service = {"net.ipv4.tcp_syn_retries": "2", "net.ipv4.tcp_retries2": "3"}

    plan = make_plan(scenario(host("client", sysctls=own)), compose("client", sysctls=service), Family.IPV4)

    sysctls = plan.hosts[0].sysctls
    assert (sysctls["net.ipv4.tcp_syn_retries"], sysctls["net.ipv4.tcp_retries2"]) == ("1", "3")
    assert sysctls["net.ipv4.ip_unprivileged_port_start"] == "1024"


def test_a_host_tells_apart_what_was_asked_for_and_what_every_lab_sets() -> None:
    """A setting that was asked for is declared, though it be what every lab sets."""
    own = {"net.ipv4.tcp_syn_retries": "6"}
    service = {"net.ipv4.tcp_retries2": "3"}

    plan = make_plan(scenario(host("client", sysctls=own)), compose("client", sysctls=service), Family.IPV4)

    [client] = plan.hosts
    assert client.declared == own | service
    assert client.pinned | client.declared == client.sysctls
    assert not client.pinned.keys() & client.declared.keys()


def test_ipv6_is_off_in_an_ipv4_lab_and_on_in_the_others() -> None:
    off = {
        family: make_plan(scenario(host("client")), compose("client"), family)
        .hosts[0]
        .sysctls["net.ipv6.conf.all.disable_ipv6"]
        for family in Family
    }

    assert off == {Family.IPV4: "1", Family.IPV6: "0", Family.DUAL: "0"}


def test_a_lab_of_three_hundred_gets_a_wider_subnet() -> None:
    plan = make_plan(scenario(host("client", count=300)), compose("client"), Family.IPV4)

    assert str(plan.subnet4) == "10.51.0.0/23"
    assert len({h.address4 for h in plan.hosts}) == 300


def test_the_family_is_in_the_name_where_a_scenario_runs_with_several() -> None:
    plan = make_plan(scenario(host("client"), several=True), compose("client"), Family.IPV6)

    assert plan.name == "basic[ipv6]"


def test_notes_of_services_that_nobody_uses_are_left_out() -> None:
    used = make_plan(scenario(host("client", count=2)), compose("client", notes=("a note",)), Family.IPV4)
    others = compose("client").services | compose("web", notes=("a note",)).services
    unused = make_plan(scenario(host("client")), ComposeFile(Path("c"), others), Family.IPV4)

    assert used.notes == ("a note",)
    assert unused.notes == ()


def problems(*hosts: HostSpec, services: tuple[str, ...] = ("cheerios", "client")) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        make_plan(scenario(*hosts), compose(*services), Family.IPV4)
    return [f"{problem.at}: {problem.message} ({problem.hint})" for problem in caught.value.problems]


def test_an_unknown_service_is_told_with_its_place_and_the_right_word() -> None:
    assert problems(host("clinet")) == [
        "scenarios/basic.yaml:2:9: no service of compose.yaml is called 'clinet'"
        " (did you mean 'client'? services: cheerios, client)"
    ]


def test_two_hosts_of_one_name_are_a_problem() -> None:
    found = problems(host("client", count=2), host("client-1"), services=("client", "client-1"))

    assert found == ["scenarios/basic.yaml:2:9: two hosts are called 'client-1' (give one of them another name)"]


def test_a_lab_of_absent_hosts_only_is_a_problem() -> None:
    assert "the lab has no host" in problems(host("nobody", absent=True))[0]


def test_more_hosts_than_a_bridge_has_ports_are_a_problem() -> None:
    assert "5000 hosts are more than a lab's 1000" in problems(host("client", count=5000))[0]
