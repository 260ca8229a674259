"""The hosts' own image -> a tar archive of its Python and strace, for images that have none."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from labctl.agent.boot import COMMAND, PACKING, bundle
from labctl.agent.frames import BadFrame, Decoder
from labctl.engine.contract import EngineError, Say
from labctl.engine.docker.beside import beside
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.plan.image import HOST_IMAGE

_WITHIN_S = 120.0
_SAY_AGAIN_MS = 100


def packed(daemon: Daemon, endpoint: Endpoint, say: Say) -> bytes:
    """The archive. EngineError if it can't be had whole."""
    with beside(daemon, endpoint, HOST_IMAGE, COMMAND, bundle({}, entry=PACKING)) as channel:
        return _received(channel, lambda: say(f"taking Python from {HOST_IMAGE}"))


def _received(channel: DockerChannel, still: Callable[[], None]) -> bytes:
    archive, decoder = bytearray(), Decoder()
    until = time.monotonic() + _WITHIN_S
    readable = select.poll()  # select() ends at descriptor 1023
    readable.register(channel, select.POLLIN)
    try:
        while time.monotonic() < until:
            still()
            if not readable.poll(_SAY_AGAIN_MS):
                continue
            if not (data := channel.receive()):
                break
            for header, body in decoder.feed(data):
                if header.get("ev") == "packed":
                    return bytes(archive)
                archive += body
    except BadFrame as error:
        raise EngineError(f"Python could not be taken from {HOST_IMAGE}: {error}") from error
    why = channel.stderr or channel.broken or "it broke off"
    raise EngineError(f"Python could not be taken from {HOST_IMAGE}: {why}", hint="run `labctl build`")
