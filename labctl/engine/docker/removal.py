"""What labctl made on a daemon -> gone: containers, then networks, until a look finds nothing more."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from labctl.engine.contract import EngineError
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.labels import Made
from labctl.engine.docker.parallel import in_parallel

GONE_WITHIN_S = 30.0
_LOOK_AGAIN_S = 0.1


def remove_lab(
    daemon: Daemon,
    lab: str,
    *,
    settled_looks: int = 1,
    is_its: Callable[[Made], bool] = lambda part: True,
    within_s: float = GONE_WITHIN_S,
) -> None:
    """Remove all that carries the lab's label, as far as `is_its` says so. Others may do so at the same time.

    `settled_looks`: how many looks in a row must find nothing; more than one where somebody may still be making
    things. EngineError if something is left after `within_s`.
    """
    until = time.monotonic() + within_s
    empty = 0
    while True:
        raised: list[Exception] = []
        containers = [one for one in daemon.containers(lab) if is_its(one)]
        raised += in_parallel(partial(daemon.remove_container, one.id) for one in containers)
        networks = [one for one in daemon.networks(lab) if is_its(one)]
        raised += in_parallel(partial(daemon.remove_network, one.id) for one in networks)
        empty = 0 if containers or networks else empty + 1
        if empty >= settled_looks:
            return
        if time.monotonic() > until:
            left = [f"container {one.id[:12]}" for one in containers]
            left += [f"network {one.id[:12]}" for one in networks]
            why = f" ({raised[0]})" if raised else ""
            hint = "remove it with 'docker rm --force' and 'docker network rm'"
            raise EngineError(f"of lab {lab} this could not be removed: {', '.join(left)}{why}", hint=hint)
        if raised or empty:
            pause()


def pause() -> None:
    """Before the next look. The daemon has nothing to wait on for what this is about: an endpoint that is still in a
    network (its container is gone, and waited for), and what a Compose that was ended may have asked for."""
    time.sleep(_LOOK_AGAIN_S)
