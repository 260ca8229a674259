"""A plan -> what the supervisor is told to make: pure, runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.plan.model import HostPlan, Plan
from labctl.plan.names import NSSWITCH, hosts_file
from labctl.plan.sysctls import names_an_interface

Orders = dict[str, Any]  # Any: JSON's own types; the supervisor has nothing but the standard library

PROGRAM_UID = 1000
BRIDGE = "lab"
_PROGRAMS_GROUP = "0 0"  # the group that programs have outside their own user namespace: they may ping
_MEBIBYTE = 1024 * 1024


def orders_for(plan: Plan, memory: int) -> Orders:
    """Everything the supervisor needs. `memory` is what the whole lab may use, in bytes."""
    bridges = bridges_of(plan)
    return {
        "bridges": list(bridges.values()),
        "memory": memory,
        "hosts": [_host(plan, host, bridges) for host in plan.hosts],
    }


def bridges_of(plan: Plan) -> dict[str, str]:
    """By network, what its bridge is called in the lab's own namespace."""
    return {network.name: f"{BRIDGE}{number or ''}" for number, network in enumerate(plan.nets)}


def _host(plan: Plan, host: HostPlan, bridges: Mapping[str, str]) -> Orders:
    early = {"net.ipv4.ping_group_range": _PROGRAMS_GROUP}
    early |= {key: value for key, value in host.sysctls.items() if not names_an_interface(key)}
    late = {key: value for key, value in host.sysctls.items() if names_an_interface(key)}
    limits = host.limits
    return {
        "name": host.name,
        "files": {"hosts": hosts_file(plan, host.name), "hostname": f"{host.name}\n", "nsswitch.conf": NSSWITCH},
        "early_sysctls": early,
        "late_sysctls": late,
        "cables": [{"bridge": bridges[wire.network], "device": wire.device, "mac": wire.mac} for wire in host.wires],
        "network": network_batch(plan, host),
        "folders": [[str(folder.source), folder.target] for folder in (*host.programs, *host.brought)],
        "temporary": min(limits.file_size, 64 * _MEBIBYTE),
        "settings": {
            "host": host.name,
            "own_user_namespace": True,
            "uid": PROGRAM_UID,
            "gid": PROGRAM_UID,
            "path": list(host.path),
            "environment": host.environment,
            "limits": {
                "processes": limits.processes,
                "memory": limits.memory,
                "files": limits.files,
                "file_size": limits.file_size,
            },
            "asked": {"limits": {name: getattr(limits, name) for name in limits.asked}, "sysctls": host.declared},
        },
    }


def network_batch(plan: Plan, host: HostPlan) -> str:
    """Lines for `ip -batch` inside the host: loopback and its interfaces up, with their addresses."""
    lines = ["link set lo up"]
    for wire in host.wires:
        network = plan.net(wire.network)
        if wire.address4 is not None and network.subnet4 is not None:
            lines.append(f"address add {wire.address4}/{network.subnet4.prefixlen} brd + dev {wire.device}")
        if wire.address6 is not None and network.subnet6 is not None:
            lines.append(f"address add {wire.address6}/{network.subnet6.prefixlen} dev {wire.device} nodad")
        lines.append(f"link set {wire.device} up")
    return "\n".join(lines) + "\n"
