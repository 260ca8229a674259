"""What is decided before and while a lab comes up."""

from __future__ import annotations

import pytest

from labctl.engine.docker import up
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.up import agent_settings, find_circumstances, no_subnet
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.scenario.model import Family
from tests.unit.plan.wanted import compose, host, scenario

LOCAL = Endpoint("unix:///var/run/docker.sock")
SETTING = {"net.ipv4.neigh.eth0.ucast_solicit": "1"}


def plan(family: Family = Family.IPV4, sysctls: dict[str, str] | None = None) -> Plan:
    return make_plan(scenario(host("client", sysctls=sysctls)), compose("client"), family)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The daemon's and Compose's versions, to be changed; how often they were asked for."""
    known: dict[str, object] = {"api": (1, 41), "compose": "2.40.3", "asked": 0}

    class Looks:
        def version(self) -> tuple[str, object]:
            known["asked"] = int(str(known["asked"])) + 1
            return "x", known["api"]

    monkeypatch.setattr(up, "look", lambda _: Looks())
    monkeypatch.setattr(up, "compose_version", lambda _: known["compose"])
    return known


def test_an_ordinary_lab_costs_no_question(engine: dict[str, object]) -> None:
    find_circumstances(plan(), ("compose",), LOCAL)

    assert engine["asked"] == 0


@pytest.mark.parametrize(("api", "isolates"), [((1, 41), False), ((1, 47), False), ((1, 48), True), ((2, 0), True)])
def test_ipv6_is_isolated_by_docker_from_engine_28_on(
    engine: dict[str, object], api: tuple[int, int], isolates: bool
) -> None:
    engine["api"] = api

    assert find_circumstances(plan(Family.DUAL), ("compose",), LOCAL).isolates_ipv6 is isolates


@pytest.mark.parametrize(
    ("api", "compose", "apart"),
    [((1, 41), "2.40.3", False), ((1, 46), "2.40.3", True), ((1, 46), "1.29.2", False)],
)
def test_an_interfaces_settings_go_where_engine_and_compose_take_them(
    engine: dict[str, object], api: tuple[int, int], compose: str, apart: bool
) -> None:
    engine["api"], engine["compose"] = api, compose

    assert find_circumstances(plan(sysctls=SETTING), ("compose",), LOCAL).endpoint_sysctls is apart


def test_where_the_kernel_is_another_machines_the_careful_answer_is_taken(engine: dict[str, object]) -> None:
    elsewhere = find_circumstances(plan(), ("compose",), Endpoint("tcp://lab:2375"))

    assert elsewhere.has_ipv6


def test_an_agent_is_told_its_host_whom_programs_run_as_and_all_names() -> None:
    made = plan()

    settings = agent_settings(made, made.hosts[0])

    assert (settings["host"], settings["uid"], settings["own_user_namespace"]) == ("client", 1000, False)
    files = settings["files"]
    assert isinstance(files, dict)
    assert "hosts: files\n" in files["/etc/nsswitch.conf"]
    assert "10.51.0.2\tclient\n" in files["/etc/hosts"]


def test_where_every_subnet_is_taken_it_is_said_by_what_and_how_to_mend_it() -> None:
    """The largest networks first: they cover most."""
    error = no_subnet(2, ["192.168.0.0/16", "10.0.0.0/8", "fd00::/8", "172.16.0.0/12", "10.1.0.0/28", "10.1.0.16/28"])

    assert str(error) == (
        "there is no free subnet for a lab of 2 hosts in 10.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16:"
        " Docker has networks with 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 10.1.0.0/28 and 1 more"
    )
    assert "docker network rm" in error.hint
