"""Environment and Docker's own settings -> where the daemon is.

Compose and the Docker SDK find it by different rules (only Compose knows contexts), so it is found once, here,
and both are told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

DEFAULT = "unix:///var/run/docker.sock"


class Endpoint(Struct, frozen=True):
    """A daemon's address as DOCKER_HOST spells it. `tls`: DOCKER_TLS_VERIFY asks for certificates."""

    host: str
    tls: bool = False

    @property
    def socket_path(self) -> str | None:
        """The path of its Unix socket, None where it is reached by another way."""
        return self.host.removeprefix("unix://") if self.host.startswith("unix://") else None

    @property
    def is_local(self) -> bool:
        """Whether the daemon runs on this machine, with this machine's kernel: as far as its address tells."""
        return self.socket_path is not None and os.path.exists("/proc/sys/kernel")

    def environment(self) -> dict[str, str]:
        """This process's environment for a child that must talk to this daemon and no other."""
        rest = {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"}
        return rest | {"DOCKER_HOST": self.host}


def find_endpoint(environment: Mapping[str, str] | None = None) -> Endpoint:
    """The daemon that `docker` would talk to: DOCKER_HOST, else DOCKER_CONTEXT, else the current context."""
    known = os.environ if environment is None else environment
    if host := known.get("DOCKER_HOST"):
        return Endpoint(host, tls=bool(known.get("DOCKER_TLS_VERIFY")))
    folder = Path(known.get("DOCKER_CONFIG") or Path(known.get("HOME", "/"), ".docker"))
    context = known.get("DOCKER_CONTEXT") or _read(folder / "config.json").get("currentContext")
    if not isinstance(context, str) or context in ("", "default"):
        return Endpoint(DEFAULT)
    return Endpoint(_host_of(context, folder) or DEFAULT)


def _host_of(context: str, folder: Path) -> str | None:
    """A context's address. Its file is named by the SHA-256 of the context's name."""
    from hashlib import sha256

    meta = _read(folder / "contexts" / "meta" / sha256(context.encode()).hexdigest() / "meta.json")
    try:
        return str(meta["Endpoints"]["docker"]["Host"]) or None  # type: ignore[index] # any shape ends below
    except (KeyError, TypeError):
        return None


def _read(path: Path) -> dict[str, object]:
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
