"""What a daemon tells while it builds or pulls an image -> words for who waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from labctl.engine.contract import EngineError, Say

_OF_THE_BUILDER = ("--->", "Removing intermediate container", "Successfully ")
"""What it says of itself between the steps, which tells nobody how far it is."""
_HAD = ("Pull complete", "Already exists")


def follow(progress: Iterable[dict[str, Any]], say: Say) -> None:  # Any: JSON, which the SDK's stubs don't know
    """Say each step, what it prints behind its number, and how many layers are there. EngineError where it fails."""
    layers: dict[str, bool] = {}
    at = ""
    for told in progress:
        if "error" in told:
            raise EngineError(str(told["error"]).strip())
        if line := str(told.get("stream", "")).strip():
            if line.startswith("Step "):
                at = line.partition(" :")[0]
                say(line)
            elif not line.startswith(_OF_THE_BUILDER):
                say(f"{at}: {line}" if at else line)
        elif "id" in told and not str(told.get("status", "")).startswith("Pulling from"):
            layers[str(told["id"])] = told.get("status") in _HAD
            say(f"pulling: {sum(layers.values())} of {len(layers)} layers are there")
