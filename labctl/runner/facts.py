"""A lab that stands -> what reports say of it; and what is better imported while it comes up."""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress

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


def facts(lab: Lab, conversation: Conversation) -> dict[str, str]:
    """What is in force, read back from inside the hosts."""
    hello = next(iter(conversation.hellos.values()))["in_force"]
    found = {"subnet": str(lab.plan.subnet4 or lab.plan.subnet6)}
    found["programs"] = f"uid {hello['uid']}, no capabilities, seccomp {'on' if hello['seccomp'] else 'off'}"
    limits = hello["limits"]
    found["limits"] = (
        f"{limits['memory'] // 1048576} MiB of data, {limits['files']} files, {limits['processes']} processes"
    )
    return found
