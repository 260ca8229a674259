"""A daemon -> which mechanisms of faults work in its containers, tried in one without a network."""

from __future__ import annotations

import os

from labctl.engine.contract import Finding
from labctl.engine.docker.attending import demand_image, probed
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.labels import labels
from labctl.engine.docker.watched import watch
from labctl.engine.owner import myself
from labctl.engine.sidecar import findings


def mechanisms(endpoint: Endpoint) -> tuple[Finding, ...]:
    """All of them. Takes about a second. EngineError where the sidecars' image is missing, or no container starts."""
    daemon = Daemon(endpoint)
    try:
        demand_image(daemon)
        lab = f"probe-{os.urandom(4).hex()}"
        watched = watch(lab, endpoint)
        try:
            return findings(probed(daemon, labels(lab, "probe", myself()), "all")["mechanisms"])
        finally:
            watched.end()
    finally:
        daemon.close()
