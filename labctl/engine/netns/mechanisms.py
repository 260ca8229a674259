"""This machine -> which mechanisms of faults work beside hosts on namespaces, tried as a sidecar would use them."""

from __future__ import annotations

import select
from typing import Any

from labctl.agent.frames import Decoder
from labctl.engine.contract import Channel, EngineError, Finding
from labctl.engine.netns.engine import Supervisor
from labctl.engine.netns.readiness import smallest_plan
from labctl.engine.sidecar import findings

_PROBED_WITHIN_S = 30.0


def mechanisms() -> tuple[Finding, ...]:
    """All of them. Takes about half a second. EngineError where no lab can be made, or nothing be tried."""
    plan = smallest_plan()
    supervisor = Supervisor()
    try:
        channels = supervisor.make(plan)
        attending = supervisor.attend([{"host": plan.hosts[0].name, "ask": "all"}])
        said = _first_word(*attending.values())
        for channel in (*channels.values(), *attending.values()):
            channel.close()
    finally:
        supervisor.end()
    if said.get("ev") != "probed":
        raise EngineError(f"the packet filter could not be tried: {said.get('detail', 'nothing was said')}")
    return findings(said["mechanisms"])


def _first_word(channel: Channel) -> dict[str, Any]:  # Any: JSON's own types
    """The first frame's header, {} if there is none."""
    decoder = Decoder()
    while select.select([channel], [], [], _PROBED_WITHIN_S)[0] and (data := channel.receive()):
        for header, _ in decoder.feed(data):
            return header
    return {}
