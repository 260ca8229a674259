"""Labs of a labctl that died -> gone. What the watchdog does, and with it come the Docker SDK and all else."""

from __future__ import annotations

import select
from collections.abc import Iterable
from functools import partial

from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.docker.orphans import end_orphans
from labctl.engine.docker.parallel import in_parallel
from labctl.engine.docker.removal import remove_lab

_COMPOSE_ENDS_WITHIN_S = 10.0
_SETTLED_LOOKS = 20
"""For about two seconds nothing more has come. What was asked of the daemon it makes although the asker is dead, and
lists it only when it is made; on a busy machine that takes a while. Nobody waits for this process."""


def clear_up(labs: Iterable[str], owner: str, lifeline: int) -> None:
    """End that owner's Compose and remove its labs. `lifeline` has its end when no Compose is left."""
    end_orphans(owner.__eq__)
    poller = select.poll()
    poller.register(lifeline, select.POLLHUP)
    poller.poll(_COMPOSE_ENDS_WITHIN_S * 1000)
    daemon = Daemon(find_endpoint())
    in_parallel(partial(remove_lab, daemon, lab, settled_looks=_SETTLED_LOOKS) for lab in labs)
