"""What the daemon answers -> what has become of the thing that the call is about."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from docker.errors import APIError
from requests import ReadTimeout, Response

from labctl.engine.contract import EngineError
from labctl.engine.docker.daemon import ANSWERS_AGAIN_WITHIN_S, Daemon
from labctl.engine.docker.endpoint import Endpoint


class Api:
    """The SDK's client, of a daemon that answers each removal with one status."""

    def __init__(self, status: int, *, too_late: int = 0, words: str = "no") -> None:
        """`too_late`: so many waits hear nothing, because what they wait for has been."""
        self._status, self.too_late = status, too_late
        self._words = words
        self.waited: list[str] = []

    def remove_container(self, container: str, *, force: bool, v: bool) -> None:
        if self._status != 204:
            response = Response()
            response.status_code = self._status
            raise APIError("refused", response, self._words)

    def wait(self, container: str, *, condition: str, timeout: int) -> None:
        self.waited.append(f"{container} {condition}")
        if len(self.waited) <= self.too_late:
            raise ReadTimeout


class Refusing(Daemon):
    """A daemon without a daemon."""

    def __init__(self, api: Api) -> None:
        self._endpoint = Endpoint("unix:///x")
        self.hangs = False
        self._api = api  # type: ignore[assignment]  # as much of it as is asked


@pytest.mark.parametrize(("status", "waited"), [(204, []), (409, ["c1 removed"]), (404, ["c1 removed"])])
def test_a_container_that_was_removed_is_gone(status: int, waited: list[str]) -> None:
    """If somebody else is removing it already (409), that is waited for."""
    api = Api(status)
    Refusing(api).remove_container("c1")

    assert api.waited == waited


def test_who_waits_too_late_asks_again() -> None:
    """A wait that began when the container had just gone is never answered."""
    api = Api(409, too_late=2)
    Refusing(api).remove_container("c1")

    assert api.waited == ["c1 removed"] * 3


def test_a_container_that_stays_is_told() -> None:
    """Whoever was removing it does not get on."""
    with pytest.raises(EngineError, match="container c1 was not removed within 30 s"):
        Refusing(Api(409, too_late=99)).remove_container("c1")


def test_a_container_that_can_not_be_removed_is_told() -> None:
    """Nobody waits for what nobody does."""
    api = Api(500)

    with pytest.raises(EngineError, match="removing a container: no"):
        Refusing(api).remove_container("c1")
    assert api.waited == []


class Hanging(Api):
    """The client of a daemon that answers nothing."""

    timeout = 30

    def remove_container(self, container: str, *, force: bool, v: bool) -> None:
        raise ReadTimeout


def test_a_daemon_that_hangs_is_waited_for_once() -> None:
    """For what is left to do, it gets a few seconds."""
    api = Hanging(204)
    daemon = Refusing(api)

    with pytest.raises(EngineError, match="does not answer"):
        daemon.remove_container("c1")
    assert (daemon.hangs, api.timeout) == (True, ANSWERS_AGAIN_WITHIN_S)


def test_who_waits_in_vain_for_a_containers_end_says_nothing_of_the_daemon() -> None:
    """Containers run on for as long as they like."""
    daemon = Refusing(Api(204, too_late=1))

    assert not daemon.has_ended("c1", within_s=1)
    assert not daemon.hangs


def test_what_a_daemon_says_at_length_is_told_in_short() -> None:
    """A runtime that crashed prints every thread that it had: how that begins, and its last line."""
    api = Api(500, words="\n".join(["cannot start", *[f"line {number}" for number in range(50)], "exit status 2"]))

    with pytest.raises(EngineError) as error:
        Refusing(api).remove_container("c1")
    lines = str(error.value).splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("removing a container: cannot start", "… exit status 2", 6)


def test_attaching_to_a_container_of_a_daemon_that_hangs_is_given_up(tmp_path: Path) -> None:
    """The SDK would wait for ever: it bounds every call but this one."""
    answer = b'{"ApiVersion": "1.41", "Version": "20.10"}'
    head = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as here, ThreadPoolExecutor() as pool:
        here.bind(str(tmp_path / "s"))
        here.listen()

        def answer_once() -> None:
            connection, _ = here.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(head + answer)

        answered = pool.submit(answer_once)
        daemon = Daemon(Endpoint(f"unix://{tmp_path / 's'}"), answers_within_s=1)
        answered.result(10)
        with pytest.raises(EngineError, match="does not answer \\(attaching to a container\\)"):
            daemon.attach("c1")
        daemon.close()
