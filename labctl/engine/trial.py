"""A channel to what says one thing and ends -> what it said; of a probe (labctl.sidecar.probe) what it found."""

from __future__ import annotations

import select
import time
from typing import Any

from labctl.agent.frames import BadFrame, Decoder
from labctl.engine.contract import Channel, EngineError

_PROBED_WITHIN_S = 30.0

Json = dict[str, Any]  # Any: JSON's own types


def found_by(channel: Channel) -> Json:
    """What it says, once it has. EngineError, with its words, if the packet filter could not be tried."""
    words = first_word(channel)
    if words.get("ev") != "probed":
        raise EngineError(f"the packet filter could not be tried: {words.get('detail', 'nothing was said')}")
    return words


def first_word(channel: Channel) -> Json:
    """The first frame's header, {} if there is none."""
    decoder = Decoder()
    until = time.monotonic() + _PROBED_WITHIN_S
    readable = select.poll()  # select() ends at descriptor 1023
    readable.register(channel, select.POLLIN)
    while (left_s := until - time.monotonic()) > 0 and readable.poll(left_s * 1000):
        data = channel.receive()
        if not data:
            break
        try:
            for header, _ in decoder.feed(data):
                return header
        except BadFrame:
            break
    return {}
