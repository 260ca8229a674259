"""A question or two to the daemon without the Docker SDK, whose import alone takes 0.2 s.

For what must be known before Compose is started; from then on the SDK's import costs no time.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from labctl.engine.docker.answers import unreachable
from labctl.engine.docker.daemon import ANSWERS_WITHIN_S, Daemon
from labctl.engine.docker.endpoint import Endpoint


class Looks(Protocol):
    """What Glance and Daemon have in common."""

    def version(self) -> tuple[str, tuple[int, int]]: ...
    def image_labels(self, image: str) -> dict[str, str] | None: ...
    def image_id(self, image: str) -> str | None: ...


def look(endpoint: Endpoint, *, answers_within_s: int = ANSWERS_WITHIN_S) -> Looks:
    """The quickest way to ask that daemon: by hand on a plain socket, through the SDK for TLS and SSH."""
    if endpoint.socket_path is not None or (endpoint.host.startswith("tcp://") and not endpoint.tls):
        return Glance(endpoint, answers_within_s)
    return Daemon(endpoint, answers_within_s=answers_within_s)


class Glance:
    """Asks over a plain socket, a connection for each question."""

    def __init__(self, endpoint: Endpoint, answers_within_s: int) -> None:
        self._endpoint = endpoint
        self._answers_within_s = answers_within_s

    def version(self) -> tuple[str, tuple[int, int]]:
        """The engine's version and that of its API."""
        _, answer = self._get("/version")
        major, _, minor = str(answer["ApiVersion"]).partition(".")
        return str(answer["Version"]), (int(major), int(minor))

    def image_labels(self, image: str) -> dict[str, str] | None:
        """An image's labels, None if there is no such image."""
        status, answer = self._image(image)
        return dict((answer.get("Config") or {}).get("Labels") or {}) if status == 200 else None

    def image_id(self, image: str) -> str | None:
        """An image's id, None if there is no such image."""
        status, answer = self._image(image)
        return str(answer["Id"]) if status == 200 else None

    def _image(self, image: str) -> tuple[int, Any]:  # Any: JSON
        return self._get(f"/images/{quote(image, safe='/:@')}/json")

    def _get(self, path: str) -> tuple[int, Any]:  # Any: JSON
        try:
            return _parsed(self._exchange(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode()))
        except (OSError, ValueError) as error:
            raise unreachable(self._endpoint, str(error), error) from error

    def _exchange(self, request: bytes) -> bytes:
        until = time.monotonic() + self._answers_within_s
        with self._connected() as connection:
            connection.sendall(request)
            answer = bytearray()
            while True:
                connection.settimeout(max(0.001, until - time.monotonic()))
                piece = connection.recv(65536)
                if not piece:
                    return bytes(answer)
                answer += piece

    def _connected(self) -> socket.socket:
        if (path := self._endpoint.socket_path) is None:
            place = urlsplit(self._endpoint.host)
            return socket.create_connection((place.hostname, place.port or 2375), self._answers_within_s)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(self._answers_within_s)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        return connection


def _parsed(answer: bytes) -> tuple[int, Any]:
    """An HTTP/1.0 answer's status and its body as JSON. ValueError if it is none."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(None, 2)[1] if head else 0), json.loads(body)
