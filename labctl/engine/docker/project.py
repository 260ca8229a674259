"""A plan -> the Compose file that makes it: one service per host, its networks, nothing left to Compose's choice.

Written in what both Compose v2 and v1.29 take. Pure. JSON, which both read as YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct

from labctl.agent.boot import CARRIED_COMMAND, COMMAND
from labctl.engine.docker.labels import HOST
from labctl.plan.model import HostPlan, Interface, Limits, Network, Plan
from labctl.plan.names import known_names
from labctl.plan.sysctls import names_an_interface
from labctl.scenario.model import Family

Json = dict[str, object]

UID = GID = 1000
"""Whom programs run as. The agent is root without privileges but those below.

A tracer of programs has their uid; SYS_PTRACE is what keeps them from looking into it as it does into them.
"""

_BRIDGE = "com.docker.network.bridge"
_NO_RESOLVER = "127.0.0.1"
"""Where Docker's own name service asks for what it doesn't know, from within a host: there nobody answers. Left to
itself it asks whom the machine asks, where that is on the machine's loopback even from the machine's own network."""

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
    be kept without an IPv6 address of the machine's. `copies`: of images without Python those that have labctl's.
    """

    has_ipv6: bool = True
    endpoint_sysctls: bool = False
    isolates_ipv6: bool = False
    copies: dict[str, str] = {}


def project_name(lab: str) -> str:
    """What Compose calls the project: lower case letters, digits, - and _."""
    return "labctl-" + re.sub(r"[^a-z0-9_-]", "-", lab.lower())


def project(
    plan: Plan, labels: Mapping[str, str], circumstances: Circumstances, *, spares4: Mapping[str, IPv4Network]
) -> str:
    """The text of the Compose file. The plan's subnets must be the lab's own by now.

    `spares4` are for a lab without IPv4, by network: Docker gives each an IPv4 subnet, if need be one of its few.
    """
    services: Json = {host.name: _service(host, plan, labels, circumstances) for host in plan.hosts}
    networks: Json = {
        network.name: _network(network, plan, labels, circumstances, spares4[network.name]) for network in plan.nets
    }
    content = {"services": services, "networks": networks}
    return json.dumps(_without_variables(content), indent=1) + "\n"


def _service(host: HostPlan, plan: Plan, labels: Mapping[str, str], circumstances: Circumstances) -> Json:
    interface_sysctls = {key: value for key, value in host.sysctls.items() if names_an_interface(key)}
    apart = interface_sysctls if circumstances.endpoint_sysctls else {}
    return {
        "image": circumstances.copies.get(host.image, host.image),
        "pull_policy": "never",
        "hostname": host.name,
        "entrypoint": list(CARRIED_COMMAND if host.image in circumstances.copies else COMMAND),
        "command": [],
        "user": "0:0",
        "stdin_open": True,
        "labels": {**labels, HOST: host.name},
        "networks": _attachments(host, apart),
        "mac_address": host.mac,
        "extra_hosts": _others(host, plan),
        **({} if plan.internet else {"dns": [_NO_RESOLVER]}),
        "sysctls": {
            key: value
            for key, value in host.sysctls.items()
            if key not in apart and (circumstances.has_ipv6 or not key.startswith("net.ipv6."))
        },
        "cap_add": ["KILL", "SETGID", "SETUID", "SYS_PTRACE"],
        **_confined(host),
    }


def _others(host: HostPlan, plan: Plan) -> list[str]:
    return [f"{name}:{address}" for address, names in known_names(plan, host) for name in names]


def container_limits(limits: Limits) -> dict[str, int]:
    """What a whole container may use, so that its programs together may use what the plan says: the agent's on top."""
    processes = 3 * limits.processes + _AGENT_PROCESSES  # each program has a keeper, and perhaps a tracer
    return {"processes": processes, "memory": limits.memory + _AGENT_MEMORY}


def _confined(host: HostPlan) -> Json:
    limits = host.limits
    whole = container_limits(limits)
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": whole["processes"],
        "mem_limit": str(whole["memory"]),
        "memswap_limit": str(whole["memory"]),
        "ulimits": {
            "core": 0,
            "nofile": {"soft": max(limits.files, 4096), "hard": max(limits.files, 4096)},
        },
        "tmpfs": list(_FOLDERS),
        "logging": {"driver": "none"},
        "restart": "no",
        "stop_grace_period": "0s",
    }


def _attachments(host: HostPlan, sysctls: Mapping[str, str]) -> Json:
    """Where it is; the first has the highest priority: by that one Docker starts it."""
    attachments: Json = {}
    for place, wire in enumerate(host.wires):
        own = {key: value for key, value in sysctls.items() if f".{wire.device}." in key}
        attachment = _attachment(wire, own)
        if len(host.wires) > 1:
            attachment["priority"] = len(host.wires) - place
        attachments[wire.network] = attachment
    return attachments


def _attachment(wire: Interface, sysctls: Mapping[str, str]) -> Json:
    attachment: Json = {}
    if wire.address4:
        attachment["ipv4_address"] = wire.address4
    if wire.address6:
        attachment["ipv6_address"] = wire.address6
    if sysctls:
        written = [f"{key.replace(f'.{wire.device}.', '.IFNAME.')}={value}" for key, value in sysctls.items()]
        attachment["driver_opts"] = {"com.docker.network.endpoint.sysctls": ",".join(written)}
    return attachment


def _network(
    network: Network, plan: Plan, labels: Mapping[str, str], circumstances: Circumstances, spare4: IPv4Network
) -> Json:
    speaks_ipv6 = plan.family is not Family.IPV4
    options = {}
    if not plan.internet:
        options[f"{_BRIDGE}.name"] = bridge_name(network.subnet4 or spare4)
        options[f"{_BRIDGE}.inhibit_ipv4"] = "true"
        if speaks_ipv6 and circumstances.isolates_ipv6:
            options[f"{_BRIDGE}.gateway_mode_ipv6"] = "isolated"
    pools = [(network.subnet4 or spare4, network.gateway4), (network.subnet6, network.gateway6)]
    return {
        "driver": "bridge",
        "internal": not plan.internet,
        "enable_ipv6": speaks_ipv6,
        "driver_opts": options,
        "ipam": {"config": [_pool(subnet, gateway) for subnet, gateway in pools if subnet]},
        "labels": dict(labels),
    }


def _pool(subnet: IPv4Network | IPv6Network, gateway: str | None) -> Json:
    pool: Json = {"subnet": str(subnet)}
    return pool | {"gateway": gateway} if gateway else pool


def bridge_names(plan: Plan, spares4: Mapping[str, IPv4Network]) -> list[str]:
    """What the bridges of all its networks are called."""
    return [bridge_name(network.subnet4 or spares4[network.name]) for network in plan.nets]


def bridge_name(subnet4: IPv4Network) -> str:
    """The bridge's name on the daemon's machine, as unique as the network's subnet and within 15 characters."""
    return "lab-" + subnet4.network_address.packed.hex()


def _without_variables(value: object) -> object:
    """Compose fills in what follows a $; $$ is a plain one."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_without_variables(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_variables(item) for key, item in value.items()}
    return value
