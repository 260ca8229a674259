"""Hosts and their networks -> subnets and interfaces."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from labctl.plan.compose_file import read_compose
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.plan.names import hosts_file, reached_from
from labctl.plan.place import moved
from labctl.scenario.model import Family, HostSpec
from labctl.scenario.problems import ScenarioError
from tests.unit.plan.wanted import host, scenario

COMPOSE = """
services:
  web:
    image: labctl-host
    networks: {front: {aliases: [www]}, back: {aliases: [backend], ipv4_address: 10.5.0.2}}
  client: {image: labctl-host, networks: [front]}
  db: {image: labctl-host, networks: [back]}
  both: {image: labctl-host, networks: [back, front]}
networks:
  front:
  back: {ipam: {config: [{subnet: 10.5.0.0/24}]}}
"""
HOSTS = (host("client"), host("web"), host("db"), host("both"), host("nobody", absent=True))


def plan_of(folder: Path, *hosts: HostSpec, family: Family = Family.IPV4, text: str = COMPOSE) -> Plan:
    (folder / "compose.yaml").write_text(text)
    return make_plan(scenario(*(hosts or HOSTS)), read_compose(folder / "compose.yaml"), family)


def wires(plan: Plan, name: str) -> list[tuple[str, str, str | None]]:
    return [(wire.network, wire.device, wire.address4) for wire in plan.host(name).wires]


def test_a_host_has_an_interface_on_each_of_its_networks_in_its_own_order(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)

    assert wires(plan, "web") == [("front", "eth0", "10.51.0.3"), ("back", "eth1", "10.5.0.2")]
    assert wires(plan, "both") == [("back", "eth0", "10.5.0.4"), ("front", "eth1", "10.51.0.4")]
    assert wires(plan, "client") == [("front", "eth0", "10.51.0.2")]
    macs = [wire.mac for one in plan.hosts for wire in one.wires]
    assert len(set(macs)) == len(macs)


def test_an_address_that_nothing_asks_for_is_none_that_something_asks_for(tmp_path: Path) -> None:
    """Even where who asks is not in the lab: so that addresses stay when a scenario gets one more host."""
    assert wires(plan_of(tmp_path), "db") == [("back", "eth0", "10.5.0.3")]
    assert wires(plan_of(tmp_path, host("db")), "db") == [("back", "eth0", "10.5.0.3")]


def test_a_name_without_a_machine_or_a_service_is_on_every_network(tmp_path: Path) -> None:
    [nobody] = plan_of(tmp_path).absent

    assert [(wire.network, wire.address4) for wire in nobody.wires] == [("front", "10.51.0.5"), ("back", "10.5.0.5")]


def test_networks_that_nobody_is_on_are_not_made(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, host("client"), host("db"))

    assert [(one.name, str(one.subnet4)) for one in plan.nets] == [("front", "10.51.0.0/24"), ("back", "10.5.0.0/24")]
    assert [one.name for one in plan_of(tmp_path, host("client")).nets] == ["lab"]


def test_subnets_that_nothing_asks_for_avoid_those_that_something_asks_for(tmp_path: Path) -> None:
    text = COMPOSE.replace("10.5.0.", "10.51.0.")
    plan = plan_of(tmp_path, family=Family.DUAL, text=text)

    assert [str(one.subnet4) for one in plan.nets] == ["10.51.1.0/24", "10.51.0.0/24"]
    assert [str(one.subnet6) for one in plan.nets] == ["fd51:717::/64", "fd51:717:0:1::/64"]


def test_one_network_of_which_nothing_is_asked_gives_the_plan_without_a_word_of_networks(tmp_path: Path) -> None:
    """Whatever it is called: to the byte what a compose.yaml without networks gives."""
    texts = [
        "services: {a: {image: labctl-host}, b: {image: labctl-host}}\n",
        "networks: {x: }\nservices: {a: {image: labctl-host, networks: [x]}, b: {image: labctl-host, networks: [x]}}\n",
    ]
    plans = [msgspec.json.encode(plan_of(tmp_path, host("a"), host("b"), text=text), enc_hook=str) for text in texts]

    assert plans[0] == plans[1]
    assert not any(word in plans[0] for word in (b'"networks"', b'"interfaces"', b'"health"', b'"building"'))


def test_copies_of_a_host_cannot_share_a_fixed_address(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of(tmp_path, host("web", count=2))

    [problem] = caught.value.problems
    assert problem.message == "2 hosts can't all have 10.5.0.2, which 'web' asks for (compose.yaml:5:41)"
    assert wires(plan_of(tmp_path, host("web", count=1)), "web-1")[1] == ("back", "eth1", "10.5.0.2")


def test_a_subnet_without_room_is_a_problem_at_the_network(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of(tmp_path, host("db", count=6), text=COMPOSE.replace("10.5.0.0/24", "10.5.0.0/29"))

    [problem] = caught.value.problems
    assert (problem.at.line, problem.message) == (11, "the subnet 10.5.0.0/29 of 'back' has no room for 6 hosts")


def test_a_subnet_that_is_asked_for_is_kept_and_others_may_be_moved(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    [kept] = plan.kept
    to = plan.nets[1].subnet4

    there = moved(plan, to, None, network="front")

    assert kept == ("back", to)
    assert wires(there, "web") == [("front", "eth0", "10.5.0.3"), ("back", "eth1", "10.5.0.2")]
    assert there.host("web").address4 == "10.5.0.3"
    assert there.subnet4 == to


def test_a_host_knows_those_that_it_shares_a_network_with_on_the_first_of_these(tmp_path: Path) -> None:
    """In the order of the asking host; another network's aliases lead to that network."""
    plan = plan_of(tmp_path)
    told = {name: hosts_file(plan, name).replace("\t", " ").splitlines()[1:] for name in ("client", "both", "db")}

    assert told["client"] == ["10.51.0.2 client", "10.51.0.3 web www", "10.51.0.4 both", "10.51.0.5 nobody"]
    assert told["db"] == ["10.5.0.3 db", "10.5.0.2 web backend", "10.5.0.4 both", "10.5.0.5 nobody"]
    assert told["both"] == [
        "10.5.0.4 both",
        "10.51.0.4 both",
        "10.51.0.2 client",
        "10.5.0.2 web backend",
        "10.51.0.3 www",
        "10.5.0.3 db",
        "10.5.0.5 nobody",
    ]


def test_a_hosts_address_is_the_one_by_which_the_other_reaches_it(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    web = plan.host("web")

    assert [reached_from(plan, name, web) for name in ("client", "db")] == [("10.51.0.3",), ("10.5.0.2",)]
    assert reached_from(plan, "client", plan.host("db")) == ("10.5.0.3",)
