"""What the supervisor is told, and what it tells `ip`: to the letter."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from labctl.engine.netns.orders import network_batch, orders_for
from labctl.engine.netns.supervisor import wiring
from labctl.plan.model import Limits, ProgramFolder
from labctl.scenario.model import Family
from tests.contract.plans import plan_of

PLAN = plan_of("cheerios", "client", absent=["nobody"])


def test_orders_are_plain_json() -> None:
    """They cross to a process that has nothing but the standard library."""
    orders = orders_for(PLAN, 1000)
    assert json.loads(json.dumps(orders)) == orders


def test_the_lab_is_wired_host_by_host() -> None:
    """A bridge that forwards at once, and a cable into each host's namespace with the planned MAC."""
    assert wiring(orders_for(PLAN, 1000), [11, 12]) == (
        "link add lab type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
        "link add h1 type veth peer name eth0 address 02:42:0a:33:00:02 netns 11\n"
        "link set h1 master lab up\n"
        "link add h2 type veth peer name eth0 address 02:42:0a:33:00:03 netns 12\n"
        "link set h2 master lab up\n"
        "link set lab up\n"
        "address add 127.0.0.1/8 dev lo\n"
    )


def test_a_host_gives_itself_its_addresses() -> None:
    """Loopback and eth0 are up, with the planned address and the lab's prefix."""
    assert network_batch(PLAN, PLAN.hosts[0]) == (
        "link set lo up\naddress add 10.51.0.2/24 brd + dev eth0\nlink set eth0 up\n"
    )


def test_both_families_have_addresses() -> None:
    """IPv6 without duplicate address detection, which would hold up the first packet for a second."""
    plan = plan_of("cheerios", family=Family.DUAL)
    assert network_batch(plan, plan.hosts[0]) == (
        "link set lo up\n"
        "address add 10.51.0.2/24 brd + dev eth0\n"
        "address add fd51:717::2/64 dev eth0 nodad\n"
        "link set eth0 up\n"
    )


def test_ipv6_alone_has_no_other() -> None:
    """A lab that speaks IPv6 only has no IPv4 address."""
    plan = plan_of("cheerios", family=Family.IPV6)
    assert "10." not in network_batch(plan, plan.hosts[0])


def test_every_name_of_the_lab_is_in_a_hosts_file() -> None:
    """Its own first, then the others and who is absent; names are files and nothing else."""
    files = orders_for(PLAN, 1000)["hosts"][1]["files"]
    assert files["hosts"] == "127.0.0.1\tlocalhost\n10.51.0.3\tclient\n10.51.0.2\tcheerios\n10.51.0.4\tnobody\n"
    assert files["hostname"] == "client\n"
    assert "hosts: files\n" in files["nsswitch.conf"]


def test_settings_of_an_interface_wait_for_it() -> None:
    """The others are set before the host has an interface, which takes some of them over."""
    plan = plan_of("cheerios", sysctls={"net.ipv4.conf.eth0.arp_ignore": "1", "net.core.somaxconn": "7"})
    order = orders_for(plan, 1000)["hosts"][0]
    assert order["late_sysctls"] == {"net.ipv4.conf.eth0.arp_ignore": "1"}
    assert order["early_sysctls"]["net.core.somaxconn"] == "7"


def test_the_agents_settings_are_the_plans() -> None:
    """Limits, path, environment; programs are in a user namespace of their own."""
    host = replace(
        plan_of("cheerios", limits=Limits(processes=5, memory=6, files=7, file_size=8)).hosts[0],
        environment={"A": "b"},
        path=("/opt/lab/bin", "/bin"),
    )
    settings = orders_for(replace(PLAN, hosts=(host,)), 1000)["hosts"][0]["settings"]
    assert settings["limits"] == {"processes": 5, "memory": 6, "files": 7, "file_size": 8}
    assert (settings["host"], settings["path"]) == ("cheerios", ["/opt/lab/bin", "/bin"])
    assert (settings["environment"], settings["own_user_namespace"]) == ({"A": "b"}, True)


def test_folders_of_the_project_are_named_with_their_places() -> None:
    """Source on the machine, target on the host."""
    folder = ProgramFolder(source=Path("/project/bin"), target="/opt/lab/bin")
    plan = replace(PLAN, hosts=(replace(PLAN.hosts[0], programs=(folder,)),))
    assert orders_for(plan, 1000)["hosts"][0]["folders"] == [["/project/bin", "/opt/lab/bin"]]
