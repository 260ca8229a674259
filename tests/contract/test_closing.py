"""A lab is closed before its first program runs; one that isn't closed is not run, and it is said why."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from labctl.agent import walls
from labctl.engine.contract import Engine, EngineError
from labctl.engine.docker import closing, project
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.netns import engine as netns_engine
from labctl.engine.netns.ip import find_ip
from labctl.engine.netns.orders import Orders, orders_for
from labctl.plan.model import Plan
from labctl.scenario.model import Family
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of


def wired(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """The lab's owner on namespaces is ordered to do this, too, when the bridge is there."""

    def orders(plan: Plan, memory: int) -> Orders:
        made = orders_for(plan, memory)
        first = made["hosts"][0]["cables"][0]
        first["mac"] += f"\n{line}\nlink set dev eth0 address {first['mac']}"
        return made

    monkeypatch.setattr(netns_engine, "orders_for", orders)


def bridges() -> list[str]:
    """The bridges of labs on this machine."""
    return [name for name in os.listdir("/sys/class/net") if name.startswith("lab-")]


@pytest.mark.parametrize("family", [Family.IPV4, Family.IPV6, Family.DUAL])
def test_the_machine_has_no_address_on_a_labs_bridge(engine: Engine, family: Family, tmp_path: Path) -> None:
    """Neither IPv4 nor IPv6, link-local ones included, and takes nothing from it: as the machine itself sees it."""
    before = set(bridges())
    with StandingLab(engine, plan_of("left", "right", family=family), tmp_path) as lab:
        if engine.name == "netns":  # its bridge is in a namespace of the lab's own: nothing of it is on the machine
            assert not set(bridges()) - before
            return
        first = lab.plan.subnet4
        names = [project.bridge_name(first)] if first is not None else sorted(set(bridges()) - before)
        assert names
        assert any(walls.holes(name) == [] for name in names)


def test_a_lab_whose_bridge_keeps_an_address_is_not_run(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker is asked for the network that it makes by itself, and the owner on namespaces is told to take one."""
    if engine.name == "docker":
        shut = project._network

        def kept(*asked: Any) -> project.Json:  # Any: as it is called
            network = shut(*asked)
            options = network["driver_opts"]
            assert isinstance(options, dict)
            del options["com.docker.network.bridge.inhibit_ipv4"]
            return network

        monkeypatch.setattr(project, "_network", kept)
    else:
        wired(monkeypatch, "address add 10.51.0.1/24 dev lab")
    with pytest.raises(EngineError, match="the machine has the address"):
        StandingLab(engine, plan_of("left", "right"), tmp_path)


def test_from_beside_the_daemon_it_is_closed_as_well(engine: Engine, tmp_path: Path) -> None:
    """Where labctl itself may not, or the daemon is elsewhere: a container on the machine's network does it, and says
    what it sees. A bridge that gets an address later is open again."""
    if engine.name != "docker":
        pytest.skip("on namespaces the lab's owner does it")
    with StandingLab(engine, plan_of("left"), tmp_path) as lab:
        assert lab.plan.subnet4 is not None
        bridge = project.bridge_name(lab.plan.subnet4)
        daemon = Daemon(find_endpoint())
        carries = {"labctl.lab": lab.id}
        assert closing._closed_beside(daemon, carries, [bridge]) == []
        ip = find_ip()
        if os.geteuid() == 0 and ip is not None:
            address = f"{lab.plan.subnet4.network_address + 1}/28"
            subprocess.run([ip, "address", "add", address, "dev", bridge], check=True, timeout=10)
            [hole] = closing._closed_beside(daemon, carries, [bridge])
            assert "has the address" in hole
        [hole] = closing._closed_beside(daemon, carries, ["lab-nowhere"])
        assert "can't be closed" in hole
        daemon.close()


def test_namespaces_open_no_lab(engine: Engine) -> None:
    """To the internet, that is; it is refused with the engine that does."""
    if engine.name != "netns":
        pytest.skip("Docker opens labs")
    with pytest.raises(EngineError, match="can't be opened to the internet") as refused:
        engine.prepare(replace(plan_of("left"), internet=True), lambda words: None)
    assert "--engine docker" in refused.value.hint


def test_an_open_lab_reaches_its_gateway(engine: Engine, tmp_path: Path) -> None:
    """With `allow: internet` the machine answers at the network's own gateway: it is open on purpose."""
    if engine.name != "docker":
        pytest.skip("namespaces open no lab")
    with StandingLab(engine, replace(plan_of("left"), internet=True), tmp_path) as lab:
        assert lab.plan.subnet4 is not None
        gateway = str(lab.plan.subnet4.network_address + 1)
        assert lab.host("left").run("ping", "-c", "1", "-W", "5", gateway).ending == "exit 0"
