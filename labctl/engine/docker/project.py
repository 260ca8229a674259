"""A plan -> the Compose file that makes it: one service per host, one network, nothing left to Compose's choice.

Written in what both Compose v2 and v1.29 take. Pure. JSON, which both read as YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import IPv4Network

from msgspec import Struct

from labctl.agent.boot import COMMAND
from labctl.engine.docker.labels import HOST
from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.plan.sysctls import names_an_interface
from labctl.scenario.model import Family

Json = dict[str, object]

UID = GID = 1000
"""Whom programs run as. The agent is root without privileges but those below.

A tracer of programs has their uid; SYS_PTRACE is what keeps them from looking into it as it does into them.
"""

NETWORK = "lab"
SHIELD = "_shield"
"""The service that takes the machine's IPv6 addresses off the lab's bridge. No host can have this name."""

_BRIDGE = "com.docker.network.bridge"
_AGENT_MEMORY = 64 * 1024 * 1024
_AGENT_PROCESSES = 16
_FOLDERS = (
    "/tmp:exec,size=64m,nr_inodes=32k,mode=1777",
    "/var/tmp:size=16m,nr_inodes=32k,mode=1777",
    "/run:size=16m,mode=755",
    f"/home/lab:exec,size=64m,nr_inodes=32k,mode=755,uid={UID},gid={GID}",
)


class Circumstances(Struct, frozen=True):
    """What of the daemon's machine a Compose file depends on.

    `has_ipv6`: the kernel has it, and so its settings. `endpoint_sysctls`: an interface's settings belong to
    the network's options, as Docker wants it from API 1.46 on. `isolates_ipv6`: from Engine 28 on a bridge can
    be kept without an IPv6 address of the machine's.
    """

    has_ipv6: bool = True
    endpoint_sysctls: bool = False
    isolates_ipv6: bool = False


def project_name(lab: str) -> str:
    """What Compose calls the project: lower case letters, digits, - and _."""
    return "labctl-" + re.sub(r"[^a-z0-9_-]", "-", lab.lower())


def project(plan: Plan, labels: Mapping[str, str], circumstances: Circumstances, *, spare4: IPv4Network) -> str:
    """The text of the Compose file. The plan's subnets must be the lab's own by now.

    `spare4` is for a lab without IPv4: Docker gives every network an IPv4 subnet, if need be one of its few.
    """
    services: Json = {host.name: _service(host, plan, labels, circumstances) for host in plan.hosts}
    if needs_shield(plan, circumstances):
        services[SHIELD] = _shield(plan, labels)
    content = {"services": services, "networks": {NETWORK: _network(plan, labels, circumstances, spare4)}}
    return json.dumps(_without_variables(content), indent=1) + "\n"


def _service(host: HostPlan, plan: Plan, labels: Mapping[str, str], circumstances: Circumstances) -> Json:
    interface_sysctls = {key: value for key, value in host.sysctls.items() if names_an_interface(key)}
    apart = interface_sysctls if circumstances.endpoint_sysctls else {}
    return {
        "image": host.image,
        "pull_policy": "never",
        "hostname": host.name,
        "entrypoint": list(COMMAND),
        "command": [],
        "user": "0:0",
        "stdin_open": True,
        "labels": {**labels, HOST: host.name},
        "networks": {NETWORK: _attachment(host, apart)},
        "mac_address": host.mac,
        "extra_hosts": _others(host, plan),
        "sysctls": {
            key: value
            for key, value in host.sysctls.items()
            if key not in apart and (circumstances.has_ipv6 or not key.startswith("net.ipv6."))
        },
        "cap_add": ["KILL", "SETGID", "SETUID", "SYS_PTRACE"],
        **_confined(host),
    }


def _others(host: HostPlan, plan: Plan) -> list[str]:
    known: list[HostPlan | AbsentHost] = [other for other in plan.hosts if other is not host]
    return [
        f"{name}:{address}"
        for other in [*known, *plan.absent]
        for name in (other.name, *other.aliases)
        for address in (other.address4, other.address6)
        if address
    ]


def _confined(host: HostPlan) -> Json:
    limits = host.limits
    memory = limits.memory + _AGENT_MEMORY
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": 3 * limits.processes + _AGENT_PROCESSES,  # each program has a keeper, and perhaps a tracer
        "mem_limit": str(memory),
        "memswap_limit": str(memory),
        "ulimits": {
            "core": 0,
            "nofile": {"soft": max(limits.files, 4096), "hard": max(limits.files, 4096)},
        },
        "tmpfs": list(_FOLDERS),
        "logging": {"driver": "none"},
        "restart": "no",
        "stop_grace_period": "0s",
    }


def _attachment(host: HostPlan, sysctls: Mapping[str, str]) -> Json:
    attachment: Json = {}
    if host.address4:
        attachment["ipv4_address"] = host.address4
    if host.address6:
        attachment["ipv6_address"] = host.address6
    if sysctls:
        written = [f"{key.replace('.eth0.', '.IFNAME.')}={value}" for key, value in sysctls.items()]
        attachment["driver_opts"] = {"com.docker.network.endpoint.sysctls": ",".join(written)}
    return attachment


def _network(plan: Plan, labels: Mapping[str, str], circumstances: Circumstances, spare4: IPv4Network) -> Json:
    speaks_ipv6 = plan.family is not Family.IPV4
    options = {}
    if not plan.internet:
        options[f"{_BRIDGE}.inhibit_ipv4"] = "true"
        if speaks_ipv6 and circumstances.isolates_ipv6:
            options[f"{_BRIDGE}.gateway_mode_ipv6"] = "isolated"
    if needs_shield(plan, circumstances):
        options[f"{_BRIDGE}.name"] = bridge_name(plan)
    subnets = [str(subnet) for subnet in (plan.subnet4 or spare4, plan.subnet6) if subnet]
    return {
        "driver": "bridge",
        "internal": not plan.internet,
        "enable_ipv6": speaks_ipv6,
        "driver_opts": options,
        "ipam": {"config": [{"subnet": subnet} for subnet in subnets]},
        "labels": dict(labels),
    }


def bridge_name(plan: Plan) -> str:
    """The bridge's name on the daemon's machine, as unique as the lab's subnet and within 15 characters."""
    assert plan.subnet6 is not None
    return "lab-" + plan.subnet6.network_address.packed[4:8].hex()


def needs_shield(plan: Plan, circumstances: Circumstances) -> bool:
    """Whether the machine has to be taken off the lab's bridge by hand."""
    return plan.family is not Family.IPV4 and not plan.internet and not circumstances.isolates_ipv6


def _shield(plan: Plan, labels: Mapping[str, str]) -> Json:
    """Before Engine 28 nothing keeps the machine's own IPv6 addresses off a bridge: take them away again.

    `addrgenmode none` first, else the link-local one comes back with the bridge's first carrier.
    """
    bridge = bridge_name(plan)
    return {
        "image": plan.hosts[0].image,
        "network_mode": "host",
        "user": "0:0",
        "entrypoint": [
            "sh",
            "-c",
            f"ip link set dev {bridge} addrgenmode none && ip -6 address flush dev {bridge}",
        ],
        "command": [],
        "labels": dict(labels),
        "cap_drop": ["ALL"],
        "cap_add": ["NET_ADMIN"],
        "security_opt": ["no-new-privileges:true"],
        "logging": {"driver": "none"},
        "restart": "no",
        "stop_grace_period": "0s",
    }


def _without_variables(value: object) -> object:
    """Compose fills in what follows a $; $$ is a plain one."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_without_variables(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_variables(item) for key, item in value.items()}
    return value
