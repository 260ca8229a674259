"""A plan -> what the fake lab's parent is told to make: pure, runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labctl.plan.model import HostPlan, Plan

Orders = list[dict[str, Any]]  # Any: JSON's own types; the parent has nothing but the standard library


def orders_for(plan: Plan, homes: Path, uid: int, gid: int) -> Orders:
    """A host each: its settings (labctl.agent.settings) and its home, a folder of its own under `homes`.

    Programs run as whoever `uid` and `gid` are, who also runs the agents.
    """
    return [_host(host, homes / host.name, uid, gid) for host in plan.hosts]


def _host(host: HostPlan, home: Path, uid: int, gid: int) -> dict[str, Any]:
    limits = host.limits
    return {
        "host": host.name,
        "own_user_namespace": False,
        "uid": uid,
        "gid": gid,
        "home": str(home),
        "path": search_path(host),
        "environment": host.environment,
        "limits": {
            "processes": limits.processes,
            "memory": limits.memory,
            "files": limits.files,
            "file_size": limits.file_size,
        },
    }


def search_path(host: HostPlan) -> list[str]:
    """Where programs are looked for: the project's folders in the place of where a host would show them."""
    found: list[str] = []
    for folder in host.path:
        found += [str(shown.source) for shown in host.programs if shown.target == folder]
        found.append(folder)
    return found
