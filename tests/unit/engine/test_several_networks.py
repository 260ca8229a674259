"""A plan of several networks -> what `ip` and Compose are told."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from msgspec.structs import replace

from labctl.engine.contract import EngineError
from labctl.engine.docker import holders, up
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.labels import Made
from labctl.engine.docker.project import Circumstances, bridge_names, project
from labctl.engine.docker.subnets import Chooser, candidates
from labctl.engine.netns.orders import network_batch, orders_for
from labctl.engine.netns.supervisor import cables_of, wiring
from labctl.engine.sidecar import capture_settings, settings_for
from tests.unit.plan.test_wiring import plan_of

ENDPOINT = Endpoint("unix:///var/run/docker.sock")


def test_each_network_is_a_bridge_and_each_interface_a_cable_to_its_own(tmp_path: Path) -> None:
    orders = orders_for(plan_of(tmp_path), 1000)
    lines = wiring(orders, [11, 12, 13, 14]).splitlines()

    assert [line.split()[2] for line in lines if " type bridge " in line] == ["lab", "lab1"]
    assert "link add h2n1 type veth peer name eth1 address 02:42:0a:33:04:02 netns 12" in lines
    assert {line for line in lines if " master " in line} == {
        "link set h1 master lab up",
        "link set h2 master lab up",
        "link set h2n1 master lab1 up",
        "link set h3 master lab1 up",
        "link set h4 master lab1 up",
        "link set h4n1 master lab up",
    }
    assert cables_of(2, orders["hosts"][1]) == ["h2", "h2n1"]


def test_a_host_gives_itself_its_addresses_on_each_interface(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)

    assert network_batch(plan, plan.host("web")) == (
        "link set lo up\naddress add 10.51.0.3/24 brd + dev eth0\nlink set eth0 up\n"
        "address add 10.5.0.2/24 brd + dev eth1\nlink set eth1 up\n"
    )


def test_compose_is_told_of_every_network_and_where_each_host_is(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    spares4 = {"front": IPv4Network("10.64.0.0/28"), "back": IPv4Network("10.64.0.16/28")}
    content = json.loads(project(plan, {}, Circumstances(), spares4=spares4))

    assert {name: one["ipam"] for name, one in content["networks"].items()} == {
        "front": {"config": [{"subnet": "10.51.0.0/24"}]},
        "back": {"config": [{"subnet": "10.5.0.0/24"}]},
    }
    assert all(one["internal"] for one in content["networks"].values())
    assert content["services"]["web"]["networks"] == {
        "front": {"ipv4_address": "10.51.0.3", "priority": 2},
        "back": {"ipv4_address": "10.5.0.2", "priority": 1},
    }
    assert content["services"]["client"]["extra_hosts"] == [
        "web:10.51.0.3",
        "www:10.51.0.3",
        "both:10.51.0.4",
        "nobody:10.51.0.5",
    ]
    assert bridge_names(plan, spares4) == ["lab-0a330000", "lab-0a050000"]


def test_subnets_are_chosen_for_all_networks_but_those_that_ask_for_theirs(tmp_path: Path) -> None:
    """No two overlap, each choice differs from the one before, and a taken one is passed over."""
    plan = plan_of(tmp_path)
    chooser = Chooser(plan, "lab", candidates)
    first, _ = next(candidates("lab", 4))

    choice = chooser.next([str(first)])
    again = chooser.next([])

    assert choice is not None
    assert again is not None
    fronts = [one.plan.nets[0].subnet4 for one in (choice, again)]
    assert first not in fronts
    assert len(set(fronts)) == 2
    assert [one.plan.nets[1].subnet4 for one in (choice, again)] == [IPv4Network("10.5.0.0/24")] * 2
    assert choice.plan.host("web").wires[1].address4 == "10.5.0.2"


class OneDaemon:
    """A daemon with these pools; a pool is gone after so many looks."""

    def __init__(self, pools: list[tuple[str, str, Made]], looks: int = 1000) -> None:
        self.found, self.looks, self.is_closed = pools, looks, False

    def pools(self) -> list[tuple[str, str, Made]]:
        self.looks -= 1
        return self.found if self.looks >= 0 else []

    def close(self) -> None:
        self.is_closed = True


def made(owner: str, lab: str = "l1") -> Made:
    return Made("n1", lab, "basic" if lab else "", "", owner)


@pytest.mark.parametrize(
    ("holder", "said", "hint"),
    [
        (made("another"), "Docker's network 'x' has 10.5.0.0/16 (the lab basic)", "labctl ps"),
        (made("", lab=""), "Docker's network 'x' has 10.5.0.0/16", "docker network rm NAME"),
    ],
)
def test_who_has_a_subnet_that_is_asked_for_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: Made, said: str, hint: str
) -> None:
    daemon = OneDaemon([("10.9.0.0/16", "other", made("")), ("10.5.0.0/16", "x", holder)])
    monkeypatch.setattr(holders, "Daemon", lambda _: daemon)

    with pytest.raises(EngineError) as caught:
        holders.demand_kept(plan_of(tmp_path), ENDPOINT, lambda words: None)

    assert str(caught.value) == f"the network 'back' of compose.yaml can't have its subnet 10.5.0.0/24: {said}"
    assert hint in caught.value.hint
    assert daemon.is_closed


def test_a_lab_of_ones_own_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that is said; whoever is told can end it by raising."""
    said: list[str] = []
    daemon = OneDaemon([("10.5.0.0/24", "x", made("me"))], looks=3)
    monkeypatch.setattr(holders, "Daemon", lambda _: daemon)
    monkeypatch.setattr(holders, "myself", lambda: "me")
    monkeypatch.setattr(holders, "pause", lambda: None)

    holders.demand_kept(plan_of(tmp_path), ENDPOINT, said.append)

    assert len(said) == 3
    assert said[0].startswith("waiting for a subnet: the network 'back'")


def test_a_setting_of_an_interface_is_refused_where_docker_decides_which_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From API 1.46 on a setting belongs to a network, and so to its interface."""
    plan = plan_of(tmp_path)
    setting = {"net.ipv4.neigh.eth0.ucast_solicit": "1"}
    hosts = tuple(replace(one, sysctls=setting) if one.name == "web" else one for one in plan.hosts)
    asked = {"api": (1, 41)}

    class Looks:
        def version(self) -> tuple[str, tuple[int, int]]:
            return "x", asked["api"]

    monkeypatch.setattr(up, "look", lambda _: Looks())
    monkeypatch.setattr(up, "compose_version", lambda _: "2.40.3")
    with pytest.raises(EngineError, match="which of its 2 interfaces is called so is up to this Docker"):
        up.find_circumstances(replace(plan, hosts=hosts), ("compose",), ENDPOINT)
    asked["api"] = (1, 48)
    assert up.find_circumstances(replace(plan, hosts=hosts), ("compose",), ENDPOINT).endpoint_sysctls


def test_sidecars_know_a_host_by_all_its_addresses(tmp_path: Path) -> None:
    """So that faults hold on whichever network a packet travels; a capture tells networks apart."""
    plan = plan_of(tmp_path)
    told = settings_for(plan, "db")

    assert told["names"] == {
        "10.51.0.2": "client", "10.51.0.3": "web", "10.5.0.2": "web", "10.5.0.3": "db",
        "10.5.0.4": "both", "10.51.0.4": "both",
    }  # fmt: skip
    assert settings_for(plan, "web")["addresses"] == ["10.51.0.3", "10.5.0.2"]
    assert capture_settings(plan, "web")["networks"] == [["10.51.0.3"], ["10.5.0.2"]]
    assert "networks" not in capture_settings(plan, "db")
