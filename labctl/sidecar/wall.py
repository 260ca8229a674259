"""A lab's bridges on the daemon's machine -> closed from there, and looked at: one frame, with what is open still.

Runs in a container of the sidecars' image that shares the machine's network, where labctl itself may not close it.
"""

from __future__ import annotations

import os
from typing import Any

from labctl.agent import walls
from labctl.agent.frames import encode


def main(settings: dict[str, Any], come: int = 0, go: int = 1) -> None:
    """Close the bridges that the settings name, and say what was seen then."""
    found = [hole for bridge in settings["bridges"] for hole in closed(bridge)]
    os.set_blocking(go, True)
    os.write(go, encode({"ev": "looked", "holes": found}))


def closed(bridge: str) -> list[str]:
    """Close it, and look: what is open still."""
    try:
        walls.close(bridge)
    except OSError as error:
        return [f"the machine's side of the bridge {bridge} can't be closed: {error.strerror}"]
    return walls.holes(bridge)
