"""A plan's subnets that compose.yaml asks for -> free, or who has them.

Other labs move out of each other's way; one that asks for a subnet gets that one, or isn't run.
"""

from __future__ import annotations

import time

from labctl.engine.contract import EngineError, Say
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.labels import Made
from labctl.engine.docker.removal import pause
from labctl.engine.docker.subnets import overlaps
from labctl.engine.owner import myself
from labctl.plan.model import Plan

_WAITS_WITHIN_S = 120.0
"""For a lab of this process's own: it ends when its steps do."""


def demand_kept(plan: Plan, endpoint: Endpoint, say: Say) -> None:
    """Return when nothing on the daemon is in the way of a subnet that is asked for. EngineError says who has it.

    A lab of this process's own is waited for.
    """
    if not plan.kept:
        return
    daemon = Daemon(endpoint)
    try:
        until = time.monotonic() + _WAITS_WITHIN_S
        while (found := _in_the_way(plan, daemon)) is not None:
            message, holder = found
            if holder.owner != str(myself()) or time.monotonic() > until:
                raise EngineError(message, hint=_mend(holder))
            say(f"waiting for a subnet: {message}")
            pause()
    finally:
        daemon.close()


def _in_the_way(plan: Plan, daemon: Daemon) -> tuple[str, Made] | None:
    pools = daemon.pools()
    for name, subnet in plan.kept:
        for pool, network, holder in pools:
            if overlaps([subnet], [pool]):
                has = f"Docker's network '{network}' has {pool}" + (f" (the lab {holder.name})" if holder.lab else "")
                return f"the network '{name}' of compose.yaml can't have its subnet {subnet}: {has}", holder
    return None


def _mend(holder: Made) -> str:
    if holder.lab:
        return "take that lab down (`labctl ps` shows it), or take another subnet in compose.yaml"
    return "take another subnet in compose.yaml, or remove that network with 'docker network rm NAME'"
