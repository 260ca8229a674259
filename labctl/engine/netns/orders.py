"""A plan -> what the supervisor is told to make: pure, runs nothing."""

from __future__ import annotations

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
    return {"bridge": BRIDGE, "memory": memory, "hosts": [_host(plan, host) for host in plan.hosts]}


def _host(plan: Plan, host: HostPlan) -> Orders:
    early = {"net.ipv4.ping_group_range": _PROGRAMS_GROUP}
    early |= {key: value for key, value in host.sysctls.items() if not names_an_interface(key)}
    late = {key: value for key, value in host.sysctls.items() if names_an_interface(key)}
    limits = host.limits
    return {
        "name": host.name,
        "files": {"hosts": hosts_file(plan, host.name), "hostname": f"{host.name}\n", "nsswitch.conf": NSSWITCH},
        "early_sysctls": early,
        "late_sysctls": late,
        "mac": host.mac,
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
    """Lines for `ip -batch` inside the host: loopback and eth0 up, with their addresses."""
    lines = ["link set lo up"]
    if host.address4 is not None and plan.subnet4 is not None:
        lines.append(f"address add {host.address4}/{plan.subnet4.prefixlen} brd + dev eth0")
    if host.address6 is not None and plan.subnet6 is not None:
        lines.append(f"address add {host.address6}/{plan.subnet6.prefixlen} dev eth0 nodad")
    lines.append("link set eth0 up")
    return "\n".join(lines) + "\n"
