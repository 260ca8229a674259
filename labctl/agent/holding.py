"""What was asked for, and what is in force -> what can't be had. Stdlib only; runs on hosts.

A limit that nobody asked for may be stricter than planned, or not to be had; one that was asked for is in force, or no
program runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

Facts = dict[str, Any]  # Any: JSON's own types, as frames carry them

_CGROUPS = {
    "processes": ("/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max"),
    "memory": ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"),
}
"""Where a container finds what it may use as a whole, by version 1 and 2 of control groups (cgroups(7))."""

_NO_LIMIT = 1 << 60
"""Version 1 writes the largest number there is for none."""

_PAGES = 1 << 16
"""A limit on memory is kept in whole pages, of at most so many bytes."""

_ROUNDED = ("net.ipv4.neigh.", "net.ipv6.neigh.", "net.ipv4.ip_local_reserved_ports")
"""Settings that the kernel writes in its own way, in ticks or as ranges: that they can be read has to do."""


def of_the_container() -> dict[str, int | None]:
    """What the whole container may use; None of what it has no limit on, or none that can be read."""
    return {name: next(filter(None, map(_limit_in, places)), None) for name, places in _CGROUPS.items()}


def _limit_in(path: str) -> int | None:
    text = _read(path) or "max"
    return int(text) if text.isdigit() and int(text) < _NO_LIMIT else None


def settings_now(names: Mapping[str, str]) -> dict[str, str | None]:
    """These kernel settings as they are on this host; None of what this kernel hasn't."""
    return {name: _read("/proc/sys/" + name.replace(".", "/")) for name in names}


def _read(path: str) -> str | None:
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return " ".join(file.read().split())


def shortfalls(asked: Mapping[str, Mapping[str, Any]], found: Mapping[str, Any]) -> list[str]:
    """What of it is not in force, in words; nothing when all is. Pure.

    `asked` and `found` have `limits` of each process, `container` limits of the whole host and `sysctls`.
    """
    short = []
    for kind, of in (("limits", "of each program"), ("container", "of the host"), ("sysctls", "as a kernel setting")):
        values = found.get(kind, {})
        for name, wanted in asked.get(kind, {}).items():
            came = values.get(name)
            if not _is_had(name, wanted, came):
                short.append(f"{name} {of}: {wanted} asked for, {'none' if came is None else came} in force")
    return short


def _is_had(name: str, wanted: Any, came: Any) -> bool:  # Any: a number, or a setting's text
    if isinstance(wanted, str):
        wanted = " ".join(wanted.split())
    if came is None or came == wanted:
        return bool(came == wanted)
    if name == "memory":
        return bool(0 <= wanted - came < _PAGES)
    return name.startswith(_ROUNDED)
