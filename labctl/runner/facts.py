"""A lab that stands -> what reports say of it; and what is better imported while it comes up."""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress
from typing import Any

from labctl.engine.contract import Lab
from labctl.hosts.conversation import Conversation
from labctl.plan.model import Plan


def import_meanwhile(*modules: str) -> None:
    """Import what takes a while in a thread of its own. Where that can't be, who needs it imports it, and is told."""

    def work(module: str) -> None:
        with suppress(Exception):
            importlib.import_module(module)

    for module in modules:
        with suppress(RuntimeError):  # no thread can be had
            threading.Thread(target=work, args=(module,), daemon=True).start()


def declared(plan: Plan) -> dict[str, dict[str, str]]:
    """What was asked for, by service: all copies of a counted host have the same."""
    return {host.service: host.declared for host in plan.hosts if host.declared}


def networks_of(plan: Plan) -> dict[str, list[str]]:
    """By host, the networks that it is on; nothing in a lab that has one."""
    if len(plan.nets) == 1:
        return {}
    return {host.name: [wire.network for wire in host.wires] for host in plan.hosts}


OPEN = "this lab is open: its hosts can reach other networks (`allow: internet`)"


def facts(lab: Lab, conversation: Conversation) -> dict[str, str]:
    """What is in force, read back from inside the hosts: whether it leads anywhere, who programs are, their limits."""
    nets = lab.plan.nets
    subnets = [str(one.subnet4 or one.subnet6) for one in nets]
    several = ", ".join(f"{one.name} {subnet}" for one, subnet in zip(nets, subnets, strict=True))
    leads = "leads" if len(nets) == 1 else "lead"
    return {
        "subnet": (several if len(nets) > 1 else subnets[0])
        + (", open to other networks" if lab.plan.internet else f", which {leads} nowhere"),
        **held(next(iter(conversation.hellos.values()))["in_force"]),
    }


def held(found: dict[str, Any]) -> dict[str, str]:
    """What an agent found programs held by, in words. Any: JSON's own types."""
    filters = [
        name for name, key in (("labctl's", "seccomp"), ("the container's", "seccomp_of_container")) if found.get(key)
    ]
    capabilities = "no capabilities" if int(found["capabilities"], 16) == 0 else f"capabilities {found['capabilities']}"
    privileges = "no new privileges" if found["no_new_privileges"] else "new privileges possible"
    limits, whole = found["limits"], found.get("container")
    processes = limits["processes"] if whole is None else whole["processes"]
    words = [
        f"{_mebibytes(limits['memory'])} of data",
        f"{limits['files']} files",
        f"files of {_mebibytes(limits['file_size'])}",
        f"{'any number of' if processes in (None, -1) else processes} processes",
    ]
    if whole is not None:
        words.append(f"{_mebibytes(whole['memory'])} in all")
    return {
        "programs": f"uid {found['uid']}, {capabilities}, {privileges}, seccomp "
        + (" and ".join(filters) if filters else "off"),
        "limits": ", ".join(words),
    }


def _mebibytes(size: int | None) -> str:
    return "any amount" if size in (None, -1) else f"{size // 1048576} MiB"
