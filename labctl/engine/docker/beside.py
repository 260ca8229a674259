"""An image -> a container of it for a moment, without a network, a right or a lab: what is said in it, and its end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from labctl.engine.contract import EngineError
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.labels import labels
from labctl.engine.docker.watched import watch
from labctl.engine.owner import myself


@contextmanager
def beside(
    daemon: Daemon, endpoint: Endpoint, image: str, words: Sequence[str], told: bytes
) -> Iterator[DockerChannel]:
    """Have a container run these words, and be told this. It is gone afterwards, even if this process dies."""
    with ExitStack() as undo:
        lab = f"look-{os.urandom(4).hex()}"
        undo.callback(watch(lab, endpoint).end)
        container = daemon.create_sidecar(image, words, rights=[], labels=labels(lab, "look", myself()), network="none")
        undo.callback(daemon.remove_container, container)
        stream = daemon.attach(container)
        if stream is None:
            raise EngineError(f"a container of the image '{image}' was removed before it started")
        channel = DockerChannel(stream)
        undo.callback(channel.close)
        daemon.start(container)
        with suppress(BrokenPipeError):  # it has ended; what it said before that tells more
            channel.send(told)
        yield channel
