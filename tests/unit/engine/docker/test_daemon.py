"""What the daemon answers -> what has become of the thing that the call is about."""

from __future__ import annotations

import pytest
from docker.errors import APIError
from requests import Response

from labctl.engine.contract import EngineError
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint


class Api:
    """The SDK's client, of a daemon that answers each removal with one status."""

    def __init__(self, status: int) -> None:
        self._status = status
        self.waited: list[str] = []

    def remove_container(self, container: str, *, force: bool, v: bool) -> None:
        if self._status != 204:
            response = Response()
            response.status_code = self._status
            raise APIError("refused", response, "no")

    def wait(self, container: str, *, condition: str) -> None:
        self.waited.append(f"{container} {condition}")


class Refusing(Daemon):
    """A daemon without a daemon."""

    def __init__(self, api: Api) -> None:
        self._endpoint = Endpoint("unix:///x")
        self._api = api  # type: ignore[assignment]  # as much of it as is asked


@pytest.mark.parametrize(("status", "waited"), [(204, []), (409, ["c1 removed"]), (404, ["c1 removed"])])
def test_a_container_that_was_removed_is_gone(status: int, waited: list[str]) -> None:
    """If somebody else is removing it already (409), that is waited for."""
    api = Api(status)
    Refusing(api).remove_container("c1")

    assert api.waited == waited


def test_a_container_that_can_not_be_removed_is_told() -> None:
    """Nobody waits for what nobody does."""
    api = Api(500)

    with pytest.raises(EngineError, match="removing a container: no"):
        Refusing(api).remove_container("c1")
    assert api.waited == []
