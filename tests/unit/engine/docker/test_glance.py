"""A question to the daemon without the SDK."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.glance import Glance

ANSWERS = {
    "/version": (200, b'{"Version": "28.1.0", "ApiVersion": "1.49"}'),
    "/images/labctl-host:latest/json": (200, b'{"Config": {"Labels": {"labctl.source": "abc"}}}'),
    "/images/bare/json": (200, b'{"Id": "sha256:0123", "Config": {"Labels": null}}'),
    "/broken": (200, b"{"),
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Endpoint]:
    """Something on a Unix socket that answers as Docker does."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "docker.sock"))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                path = connection.recv(65536).split()[1].decode()
                status, body = ANSWERS.get(path, (404, b'{"message": "no such image"}'))
                connection.sendall(f"HTTP/1.0 {status} X\r\nServer: Docker\r\n\r\n".encode() + body)

    threading.Thread(target=serve, daemon=True).start()
    yield Endpoint(f"unix://{tmp_path}/docker.sock")
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def test_the_versions_are_read(daemon: Endpoint) -> None:
    assert Glance(daemon, 5).version() == ("28.1.0", (1, 49))


def test_an_images_labels_are_read(daemon: Endpoint) -> None:
    glance = Glance(daemon, 5)

    assert glance.image_labels("labctl-host:latest") == {"labctl.source": "abc"}
    assert glance.image_labels("bare") == {}
    assert glance.image_labels("nosuchimage") is None


def test_an_images_id_is_read(daemon: Endpoint) -> None:
    glance = Glance(daemon, 5)

    assert glance.image_id("bare") == "sha256:0123"
    assert glance.image_id("nosuchimage") is None


def test_where_no_daemon_listens_the_error_names_the_place() -> None:
    with pytest.raises(EngineError, match="unix:///nosuchsocket does not answer") as caught:
        Glance(Endpoint("unix:///nosuchsocket"), 5).version()

    assert caught.value.hint


def test_a_daemon_that_hangs_is_given_up_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()

        with pytest.raises(EngineError, match="does not answer"):
            Glance(Endpoint(f"unix://{tmp_path}/silent.sock"), 0).version()


def test_a_socket_that_may_not_be_used_names_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises(EngineError, match="may not be used") as caught:
        Glance(Endpoint("unix:///x"), 5).version()

    assert "docker" in caught.value.hint
