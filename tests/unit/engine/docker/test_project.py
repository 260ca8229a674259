"""Plan -> Compose file."""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from msgspec.structs import replace

from labctl.engine.docker.project import Circumstances, project, project_name
from labctl.plan.make import make_plan
from labctl.plan.model import ONLY, Plan
from labctl.plan.place import moved
from labctl.scenario.model import Family
from tests.unit.plan.wanted import compose, host, scenario

LABELS = {"labctl.lab": "l1", "labctl.owner": "m:b:n:1:2"}
SPARE = IPv4Network("10.64.9.0/28")
BRIDGE = "com.docker.network.bridge"
Json = dict[str, Any]  # Any: JSON


def plan(family: Family = Family.IPV4, sysctls: dict[str, str] | None = None) -> Plan:
    hosts = (host("cheerios", sysctls=sysctls), host("client"), host("nobody", absent=True))
    made = make_plan(scenario(*hosts), compose("cheerios", "client"), family)
    return moved(made, IPv4Network("10.64.1.0/28"), IPv6Network("fd51:717:a:b::/64"))


def written(made: Plan, circumstances: Circumstances | None = None) -> Json:
    text = project(made, LABELS, circumstances or Circumstances(), spares4={ONLY: SPARE})
    content: Json = json.loads(text)
    return content


def cheerios(made: Plan, circumstances: Circumstances | None = None) -> Json:
    service: Json = written(made, circumstances)["services"]["cheerios"]
    return service


def test_each_host_is_a_service_with_its_own_name_and_addresses() -> None:
    services = written(plan(Family.DUAL), Circumstances(isolates_ipv6=True))["services"]

    assert {name: (s["hostname"], s["mac_address"], s["networks"]["lab"]) for name, s in services.items()} == {
        "cheerios": (
            "cheerios",
            "02:42:0a:33:00:02",
            {"ipv4_address": "10.64.1.2", "ipv6_address": "fd51:717:a:b::2"},
        ),
        "client": (
            "client",
            "02:42:0a:33:00:03",
            {"ipv4_address": "10.64.1.3", "ipv6_address": "fd51:717:a:b::3"},
        ),
    }


def test_a_host_whose_image_has_no_python_runs_from_the_copy_that_has() -> None:
    made = plan()
    copied = Circumstances(copies={made.hosts[0].image: "labctl-with-python:1"})

    assert (cheerios(made)["image"], cheerios(made)["entrypoint"][0]) == (made.hosts[0].image, "python3")
    assert cheerios(made, copied)["image"] == "labctl-with-python:1"
    assert cheerios(made, copied)["entrypoint"][0] == "/.labctl/lib/loader"


def test_every_host_is_told_every_other_one_absent_ones_too() -> None:
    assert cheerios(plan())["extra_hosts"] == ["client:10.64.1.3", "nobody:10.64.1.4"]


def test_containers_and_the_network_carry_the_owner_from_their_creation_on() -> None:
    content = written(plan(Family.IPV6))

    made = [*content["services"].values(), *content["networks"].values()]
    assert len(made) == 3
    assert all(LABELS.items() <= one["labels"].items() for one in made)


def test_only_hosts_carry_the_label_of_a_host() -> None:
    services = written(plan(Family.IPV6))["services"]

    assert {name: s["labels"].get("labctl.host") for name, s in services.items()} == {
        "cheerios": "cheerios",
        "client": "client",
    }


def test_the_agent_has_four_privileges_and_no_way_to_more() -> None:
    service = cheerios(plan())

    assert service["cap_drop"] == ["ALL"]
    assert service["cap_add"] == ["KILL", "SETGID", "SETUID", "SYS_PTRACE"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "0:0"


def test_a_host_can_use_up_neither_memory_nor_processes_nor_disk() -> None:
    service = cheerios(plan())

    assert int(service["mem_limit"]) == int(service["memswap_limit"]) > 512 * 1024**2
    assert service["pids_limit"] > 3 * 256  # each program has a keeper and may have a tracer
    assert service["logging"] == {"driver": "none"}
    assert all("size=" in folder for folder in service["tmpfs"])


def test_nothing_of_the_machine_is_shared_with_a_host() -> None:
    content = json.dumps(written(plan()))

    assert not any(key in content for key in ('"volumes"', '"ports"', '"devices"', '"privileged"', '"network_mode"'))


def test_the_network_leads_nowhere_and_has_no_address_of_the_machines() -> None:
    network = written(plan())["networks"]["lab"]

    assert network["internal"] is True
    assert network["driver_opts"] == {f"{BRIDGE}.name": "lab-0a400100", f"{BRIDGE}.inhibit_ipv4": "true"}
    assert network["ipam"] == {"config": [{"subnet": "10.64.1.0/28"}]}
    assert network["enable_ipv6"] is False


def test_a_lab_with_internet_is_an_ordinary_network() -> None:
    network = written(replace(plan(Family.DUAL), internet=True))["networks"]["lab"]

    assert (network["internal"], network["driver_opts"]) == (False, {})


def test_the_bridge_has_a_name_of_its_own_by_which_it_is_closed() -> None:
    """As unique as the subnet that it takes, and as short as an interface's name must be; the same for every family."""
    for family in Family:
        name = written(plan(family))["networks"]["lab"]["driver_opts"][f"{BRIDGE}.name"]
        assert name == ("lab-0a400900" if family is Family.IPV6 else "lab-0a400100")
        assert len(name) <= 15


def test_an_engine_that_isolates_ipv6_is_asked_to() -> None:
    content = written(plan(Family.DUAL), Circumstances(isolates_ipv6=True))

    assert content["networks"]["lab"]["driver_opts"][f"{BRIDGE}.gateway_mode_ipv6"] == "isolated"


def test_dockers_name_service_asks_nobody_outside() -> None:
    """Unless the lab is open: left to itself it asks the machine's own resolver, from the machine's own network."""
    assert cheerios(plan())["dns"] == ["127.0.0.1"]
    assert "dns" not in cheerios(replace(plan(), internet=True))


def test_a_lab_without_ipv4_takes_no_subnet_from_dockers_few() -> None:
    network = written(plan(Family.IPV6))["networks"]["lab"]

    assert [pool["subnet"] for pool in network["ipam"]["config"]] == [str(SPARE), "fd51:717:a:b::/64"]


def test_an_interfaces_settings_move_to_the_network_where_docker_wants_them_there() -> None:
    made = plan(sysctls={"net.ipv4.neigh.eth0.ucast_solicit": "1", "net.ipv4.tcp_syn_retries": "2"})

    before = cheerios(made)
    after = cheerios(made, Circumstances(endpoint_sysctls=True))

    assert before["sysctls"]["net.ipv4.neigh.eth0.ucast_solicit"] == "1"
    assert "driver_opts" not in before["networks"]["lab"]
    assert "net.ipv4.neigh.eth0.ucast_solicit" not in after["sysctls"]
    assert after["sysctls"]["net.ipv4.tcp_syn_retries"] == "2"
    assert after["networks"]["lab"]["driver_opts"] == {
        "com.docker.network.endpoint.sysctls": "net.ipv4.neigh.IFNAME.ucast_solicit=1"
    }


def test_a_kernel_without_ipv6_is_not_asked_to_switch_it_off() -> None:
    sysctls = cheerios(plan(), Circumstances(has_ipv6=False))["sysctls"]

    assert sysctls
    assert not any(key.startswith("net.ipv6.") for key in sysctls)


def test_compose_finds_no_variable_to_fill_in() -> None:
    made = replace(plan(), hosts=(replace(plan().hosts[0], image="a$b"),))

    assert cheerios(made)["image"] == "a$$b"


def test_a_project_name_is_what_every_compose_takes() -> None:
    assert project_name("Basic[ipv6].7F") == "labctl-basic-ipv6--7f"
