"""A container of plain Docker's that serves on a published port -> where it is reached: beside labs, none of theirs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from labctl.engine.docker.engine import DockerEngine
from labctl.plan.image import HOST_IMAGE
from tests.contract.waiting import until

_PORT = 51799
_SERVER = f"""
import socket
with socket.create_server(("", {_PORT})) as listener:
    while True:
        listener.accept()[0].close()
"""


@contextmanager
def neighbour() -> Iterator[list[tuple[str, int]]]:
    """Addresses and ports at which it accepts connections: its own, and the machine's. None without a daemon."""
    if not DockerEngine().readiness().findings[0].works:
        yield []
        return
    import docker

    client = docker.from_env()
    container = client.containers.run(
        HOST_IMAGE,
        entrypoint=["python3", "-c", _SERVER],
        command=[],
        detach=True,
        ports={f"{_PORT}/tcp": None},
        labels={"labctl-test": f"{os.getpid()}"},
    )
    try:
        assert until(lambda: _serves(container), within_s=30.0), "the container does not serve"
        network = container.attrs["NetworkSettings"]
        published = int(network["Ports"][f"{_PORT}/tcp"][0]["HostPort"])
        yield [(network["IPAddress"], _PORT), (network["Gateway"], published), ("127.0.0.1", published)]
    finally:
        container.remove(force=True)
        client.close()


def _serves(container: Any) -> bool:  # Any: the SDK's types are not whole
    container.reload()
    address = container.attrs["NetworkSettings"]["IPAddress"]
    if not address:
        return False
    with suppress(OSError):
        socket.create_connection((address, _PORT), 1.0).close()
        return True
    return False
