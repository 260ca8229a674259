"""`networks` of compose.yaml -> where services are, and every problem with its place."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path

import pytest

from labctl.plan.compose_file import ComposeFile, read_compose
from labctl.scenario.problems import ScenarioError

TWO = "front: , back: {ipam: {config: [{subnet: 10.5.0.0/24}]}}"


def read(folder: Path, networks: str, *, top: str = TWO) -> ComposeFile:
    file = folder / "compose.yaml"
    file.write_text(f"services:\n  a: {{image: labctl-host, networks: {networks}}}\nnetworks: {{{top}}}\n")
    return read_compose(file)


def problems(folder: Path, networks: str, **top: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(folder, networks, **top)
    return [f"{problem.at.line}:{problem.at.column}: {problem.message}" for problem in caught.value.problems]


def test_a_list_and_a_map_say_where_a_service_is_in_its_own_order(tmp_path: Path) -> None:
    for text in ("[back, front]", "{back: , front: {}}"):
        assert [where.network for where in read(tmp_path, text).services["a"].networks] == ["back", "front"]


def test_a_higher_priority_comes_first(tmp_path: Path) -> None:
    networks = read(tmp_path, "{back: , front: {priority: 10}}").services["a"].networks

    assert [where.network for where in networks] == ["front", "back"]


@pytest.mark.parametrize("text", ["[]", "{}", "null"])
def test_a_service_that_names_no_network_is_on_the_default_one(tmp_path: Path, text: str) -> None:
    assert [where.network for where in read(tmp_path, text).services["a"].networks] == ["default"]


def test_the_default_network_need_not_be_described(tmp_path: Path) -> None:
    assert [one.network for one in read(tmp_path, "[default, front]").services["a"].networks] == ["default", "front"]


def test_subnets_gateways_and_fixed_addresses_are_read(tmp_path: Path) -> None:
    top = "n: {ipam: {config: [{subnet: 10.5.0.0/24, gateway: 10.5.0.254}, {subnet: 'fd05::/64'}]}}"

    compose = read(tmp_path, "{n: {ipv4_address: 10.5.0.1, ipv6_address: 'fd05::7'}}", top=top)

    network, [where] = compose.networks["n"], compose.services["a"].networks
    assert (network.subnet4, network.subnet6) == (IPv4Network("10.5.0.0/24"), IPv6Network("fd05::/64"))
    assert network.gateway4 == IPv4Address("10.5.0.254")
    assert (str(where.address4), str(where.address6)) == ("10.5.0.1", "fd05::7")


@pytest.mark.parametrize(
    ("networks", "problem"),
    [
        ("[bak]", "2:38: there is no network 'bak'"),
        ("[front, front]", "2:45: the network 'front' stands here twice"),
        ("text", "2:37: a list or a map of networks is expected here, not the text 'text'"),
        ("{back: {ipv4_address: 10.6.0.7}}", "2:59: 10.6.0.7 is not in 10.5.0.0/24 of 'back'"),
        ("{back: {ipv4_address: 10.5.0.256}}", "2:59: an address like 10.5.0.7 is expected here"),
        ("{back: {ipv4_address: 'fd05::7'}}", "2:59: fd05::7 is no IPv4 address"),
        ("{back: {ipv4_address: 10.5.0.0}}", "2:59: 10.5.0.0 of 'back' is kept free"),
        ("{back: {ipv4_address: 10.5.0.1}}", "2:59: 10.5.0.1 of 'back' is kept free"),
        ("{back: {ipv4_address: 10.5.0.255}}", "2:59: 10.5.0.255 of 'back' is kept free"),
        ("{front: {ipv4_address: 10.5.0.7}}", "2:60: the network 'front' has no IPv4 subnet to be at 10.5.0.7 in"),
    ],
)
def test_what_is_wrong_with_where_a_service_is_has_its_place(tmp_path: Path, networks: str, problem: str) -> None:
    [found] = problems(tmp_path, networks)

    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("pool", "problem"),
    [
        ("{subnet: 10.5.0.1/24}", "3:41: '10.5.0.1/24' begins within a subnet"),
        ("{subnet: 10.5.0.0}", "3:41: a subnet like 10.5.0.0/24 is expected here"),
        ("{subnet: 10.5.0.0/31}", "3:41: '10.5.0.0/31' has no room for hosts"),
        ("{subnet: 127.0.0.0/8}", "3:41: hosts can't be in '127.0.0.0/8'"),
        ("{gateway: 10.5.0.1}", "3:32: no 'subnet' stands here"),
        ("{subnet: 10.5.0.0/24, gateway: 10.6.0.1}", "3:63: 10.6.0.1 is not in 10.5.0.0/24"),
        ("{subnet: 10.5.0.0/24}, {subnet: 10.6.0.0/24}", "3:64: a second subnet of 'n', 10.6.0.0/24, has no use"),
    ],
)
def test_what_is_wrong_with_a_subnet_has_its_place(tmp_path: Path, pool: str, problem: str) -> None:
    [found] = problems(tmp_path, "[n]", top=f"n: {{ipam: {{config: [{pool}]}}}}")

    assert found.startswith(problem)


def test_two_networks_may_not_overlap(tmp_path: Path) -> None:
    one, other = (f"{{ipam: {{config: [{{subnet: {subnet}}}]}}}}" for subnet in ("10.5.0.0/16", "10.5.7.0/24"))

    assert problems(tmp_path, "[n, m]", top=f"n: {one}, m: {other}") == [
        "3:58: the subnet 10.5.7.0/24 of 'm' overlaps 10.5.0.0/16 of 'n'"
    ]


def test_an_address_is_one_services(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    where = "{image: labctl-host, networks: {n: {ipv4_address: 10.5.0.7}}}"
    top = "{n: {ipam: {config: [{subnet: 10.5.0.0/24}]}}}"
    file.write_text(f"services:\n  a: {where}\n  b: {where}\nnetworks: {top}\n")

    with pytest.raises(ScenarioError, match=r"10\.5\.0\.7 of 'n' is asked for by 'a', too"):
        read_compose(file)


@pytest.mark.parametrize(
    ("network", "note"),
    [
        (
            "{driver: macvlan}",
            "3:16: a lab takes no 'driver' of the network 'n': its networks are bridges",
        ),
        (
            "{external: true}",
            "3:16: a lab takes no 'external' of the network 'n': each lab has networks of",
        ),
        (
            "{enable_ipv6: true}",
            "3:16: a lab takes no 'enable_ipv6' of the network 'n': `ip` of a scenario",
        ),
        ("{driver_opts: {mtu: 9000}}", "3:16: a lab takes no 'driver_opts' of the network 'n'"),
        ("{ipam: {driver: other}}", "3:23: a lab takes no 'driver' of the network 'n'"),
    ],
)
def test_what_a_lab_cannot_honour_of_a_network_is_a_note(tmp_path: Path, network: str, note: str) -> None:
    [found] = read(tmp_path, "[n]", top=f"n: {network}").networks["n"].notes

    assert found.startswith(f"{tmp_path}/compose.yaml:{note}")


def test_what_is_so_of_every_lab_makes_no_note(tmp_path: Path) -> None:
    own = "{driver: bridge, internal: true, attachable: true, labels: {a: b}, name: x, external: false}"

    assert read(tmp_path, "[n]", top=f"n: {own}").networks["n"].notes == ()


@pytest.mark.parametrize("key", ["mac_address: x", "interface_name: x", "link_local_ips: [x]", "gw_priority: 1"])
def test_what_a_lab_cannot_honour_of_where_a_service_is_is_a_note(tmp_path: Path, key: str) -> None:
    [found] = read(tmp_path, f"{{front: {{{key}}}}}").services["a"].notes

    assert f"compose.yaml:2:46: a lab takes no '{key.partition(':')[0]}' in the network 'front': " in found


def test_a_network_mode_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  a: {image: labctl-host, network_mode: host}\n")

    [found] = read_compose(tmp_path / "compose.yaml").services["a"].notes

    assert "a lab takes no 'network_mode' of 'a': a host has an interface of its own" in found
