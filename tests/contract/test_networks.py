"""A lab may have several networks: who shares one reaches each other there, and nobody else does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from labctl.agent import walls
from labctl.engine.contract import Engine, EngineError
from labctl.engine.docker import holders, project
from labctl.plan.compose_file import read_compose
from labctl.plan.make import make_plan
from labctl.plan.model import Network, Plan
from labctl.runner.facts import networks_of
from labctl.scenario.model import Family, HostSpec, Scenario
from labctl.scenario.problems import Position
from tests.contract.hosts import StandingLab, silently
from tests.contract.test_names import RESOLVE
from tests.contract.test_network import NOT_REACHED, SHORT_S, TCP_SERVER, asked

COMPOSE = """
services:
  client: {image: labctl-host, networks: [front]}
  web:
    image: labctl-host
    networks: {front: {aliases: [www]}, back: {aliases: [backend], ipv4_address: SUBNET.7}}
  db: {image: labctl-host, networks: [back]}
networks:
  front:
  back: {ipam: {config: [{subnet: SUBNET.0/24}]}}
"""
FIXED = f"10.200.{os.getpid() % 250}"
"""The subnet of the module's lab; other labs beside it ask for another one."""
OTHER = f"10.201.{os.getpid() % 250}"


def plan_in(folder: Path, family: Family = Family.IPV4, *, fixed: str = OTHER) -> Plan:
    """A client, a database, and a host that is on both of their networks; and a name without a machine."""
    file = folder / "compose.yaml"
    file.write_text(COMPOSE.replace("SUBNET", fixed))
    at = Position("networks.yaml", 1, 1)
    hosts = tuple(HostSpec(name, at, absent=name == "nobody") for name in ("client", "web", "db", "nobody"))
    scenario = Scenario(path=Path("networks.yaml"), name="networks", hosts=hosts, steps=())
    return make_plan(scenario, read_compose(file), family)


@pytest.fixture(scope="module")
def lab(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingLab]:
    """A lab of both families on two networks."""
    folder = tmp_path_factory.mktemp("networks")
    with StandingLab(engine, plan_in(folder, Family.DUAL, fixed=FIXED), folder) as standing:
        yield standing


def there(lab: StandingLab, host: str, network: str) -> str:
    """A host's IPv4 address on a network."""
    return next(str(wire.address4) for wire in lab.plan.host(host).wires if wire.network == network)


def test_a_host_on_two_networks_is_reached_on_both_and_by_each_of_its_names(lab: StandingLab) -> None:
    """Each asker sees it by its name, and by what it is called on the network that they share."""
    for asker, network, alias in (("client", "front", "www"), ("db", "back", "backend")):
        for name in ("web", alias, there(lab, "web", network)):
            serves = lab.host("web").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
            assert asked(lab.host(asker), name) == "answer"
            assert there(lab, asker, network).encode() in serves.ended().stdout


def test_hosts_that_share_no_network_do_not_reach_each_other(lab: StandingLab) -> None:
    """Nor does a host answer on one network for its address on another; from within that one it does."""
    for server, near, far in (("db", "web", "client"), ("web", "db", "client"), ("client", "web", "db")):
        network = "front" if server == "client" else "back"
        lab.host(server).begin_python(TCP_SERVER, 51717).printed(b"ready\n")
        address = there(lab, server, network)
        assert asked(lab.host(near), address) == "answer"
        assert asked(lab.host(far), address, timeout_s=SHORT_S) in NOT_REACHED


def test_a_host_has_an_interface_on_each_of_its_networks(lab: StandingLab) -> None:
    """With the planned addresses, the fixed one among them, and no others."""
    for host in lab.plan.hosts:
        links = json.loads(lab.host(host.name).run("ip", "-json", "address").stdout)
        found = [
            {info["local"] for info in link["addr_info"] if info["scope"] == "global"}
            for link in links
            if link["ifname"] != "lo" and link["operstate"] != "DOWN"
        ]
        assert sorted(found, key=sorted) == sorted((set(wire.addresses) for wire in host.wires), key=sorted)
    assert there(lab, "web", "back") == f"{FIXED}.7"
    assert len(lab.plan.host("web").wires) == 2


def test_a_host_knows_by_name_whom_it_shares_a_network_with(lab: StandingLab) -> None:
    """At the address on that network; an alias on its network alone. A name without a machine is known to all."""
    wires = {
        (host, wire.network): sorted(wire.addresses)
        for host in ("web", "db", "client")
        for wire in lab.plan.host(host).wires
    }
    told = {
        ("client", "web"): wires["web", "front"],
        ("client", "www"): wires["web", "front"],
        ("db", "web"): wires["web", "back"],
        ("db", "backend"): wires["web", "back"],
        ("web", "client"): wires["client", "front"],
        ("web", "db"): wires["db", "back"],
    }
    for (host, name), addresses in told.items():
        assert lab.host(host).tell(RESOLVE, name) == addresses
    for host, name in (("client", "db"), ("client", "backend"), ("db", "www"), ("db", "client")):
        assert isinstance(lab.host(host).tell(RESOLVE, name), dict), f"{host} knows {name}"
    for host in ("client", "web", "db"):
        assert isinstance(lab.host(host).tell(RESOLVE, "nobody"), list)


def test_the_machines_side_of_every_network_is_closed(lab: StandingLab) -> None:
    """As the machine itself sees it: neither bridge has an address, and it takes nothing from them."""
    if lab.engine.name == "netns":
        pytest.skip("its bridges are in a namespace of the lab's own, whose owner has looked at each")
    names = [project.bridge_name(network.subnet4) for network in lab.plan.nets if network.subnet4 is not None]
    assert len(names) == 2
    assert [walls.holes(name) for name in names] == [[], []]


def test_a_lab_whose_second_network_keeps_an_address_is_not_run(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is closed all the same; it takes one way out for a lab not to be run."""
    if engine.name == "netns":
        from tests.contract.test_closing import wired

        wired(monkeypatch, f"address add {OTHER}.1/24 dev lab1")
    else:
        shut = project._network

        def kept(network: Network, *others: object) -> project.Json:
            made = shut(network, *others)  # type: ignore[arg-type] # as it is called
            options = made["driver_opts"]
            if network.name == "back" and isinstance(options, dict):
                del options["com.docker.network.bridge.inhibit_ipv4"]
            return made

        monkeypatch.setattr(project, "_network", kept)
    with pytest.raises(EngineError, match=f"the machine has the address {OTHER}.1"):
        StandingLab(engine, plan_in(tmp_path), tmp_path)


def test_a_halted_host_is_gone_from_all_its_networks(engine: Engine, tmp_path: Path) -> None:
    """Neither neighbour reaches it any more; both did."""
    with StandingLab(engine, plan_in(tmp_path), tmp_path) as lab:
        for asker, network in (("client", "front"), ("db", "back")):
            assert lab.host(asker).run("ping", "-c", "1", "-W", "5", there(lab, "web", network)).ending == "exit 0"
        lab.conversation.forget("web")
        lab.lab.halt("web")
        for asker, network in (("client", "front"), ("db", "back")):
            assert lab.host(asker).run("ping", "-c", "1", "-W", "1", there(lab, "web", network)).ending == "exit 1"


def test_a_subnet_that_another_lab_has_is_said_with_that_labs_name(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Docker, where networks are the machine's. On namespaces each lab has its own, and both stand."""
    plan = plan_in(tmp_path)
    with StandingLab(engine, plan, tmp_path):
        if engine.name == "netns":
            with StandingLab(engine, plan, tmp_path) as second:
                assert there(second, "web", "back") == f"{OTHER}.7"
            return
        monkeypatch.setattr(holders, "myself", lambda: "another process")
        with pytest.raises(EngineError, match=f"can't have its subnet {OTHER}.0/24.*the lab networks") as caught:
            engine.up(replace(plan, name="second"), lab=uuid4().hex[:12], folder=tmp_path, say=silently)
        assert "take that lab down" in caught.value.hint


def test_networks_are_told_of_hosts_in_a_lab_of_several(lab: StandingLab) -> None:
    """For what is recorded there."""
    assert networks_of(lab.plan) == {"client": ["front"], "web": ["front", "back"], "db": ["back"]}
