"""What a daemon or its SDK answers -> values, and errors that say what to do."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from labctl.engine.contract import EngineError
from labctl.engine.docker.endpoint import DEFAULT, Endpoint


class State(Struct, frozen=True):
    """What has become of a container. `exit` is None while it runs or before it did."""

    status: str
    exit: int | None
    error: str
    out_of_memory: bool


def unreachable(endpoint: Endpoint, what: str, error: BaseException) -> EngineError:
    """The error for a daemon that can't be asked; its hint is the command that mends it, where there is one."""
    text = repr(error)
    if "Permission denied" in text:
        mend = "sudo usermod -aG docker $USER, then log in again"
        return EngineError(f"the Docker daemon at {endpoint.host} may not be used by this user", hint=mend)
    if "paramiko" in text:
        mend = "pip install 'docker[ssh]'"
        return EngineError(f"the Docker SDK's part for {endpoint.host} is not installed", hint=mend)
    mend = "sudo systemctl start docker" if endpoint.host == DEFAULT else "look at DOCKER_HOST and the context"
    return EngineError(f"the Docker daemon at {endpoint.host} does not answer ({what})", hint=mend)


def seconds_since_1970(text: str) -> float:
    """A time as the daemon writes it (RFC 3339, with up to nine digits after the point) as a number; 0 for none."""
    whole, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789")
    digits = rest[: len(rest) - len(zone)][:6]
    try:
        return datetime.fromisoformat(f"{whole}.{digits.ljust(6, '0')}{zone}" if rest else whole).timestamp()
    except ValueError:
        return 0.0


def shortened(said: str, most: int = 6) -> str:
    """What a daemon says of its own crash, or a runtime's, goes on for pages: how it begins, and its last line."""
    lines = said.splitlines()
    return said if len(lines) <= most else "\n".join([*lines[: most - 1], f"… {lines[-1].strip()}"])
