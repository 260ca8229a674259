"""This machine -> which mechanisms of faults work beside hosts on namespaces, tried as a sidecar would use them."""

from __future__ import annotations

from labctl.engine.contract import Finding
from labctl.engine.netns.engine import Supervisor
from labctl.engine.netns.readiness import smallest_plan
from labctl.engine.sidecar import findings
from labctl.engine.trial import found_by


def mechanisms() -> tuple[Finding, ...]:
    """All of them. Takes about half a second. EngineError where no lab can be made, or nothing be tried."""
    plan = smallest_plan()
    supervisor = Supervisor()
    try:
        channels = supervisor.make(plan)
        attending = supervisor.attend([{"host": plan.hosts[0].name, "ask": "all"}])
        [attendant] = attending.values()
        found = found_by(attendant)
        for channel in (*channels.values(), *attending.values()):
            channel.close()
    finally:
        supervisor.end()
    return findings(found["mechanisms"])
