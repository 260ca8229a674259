"""The Docker daemon, by way of the Docker SDK. Nobody else imports the SDK; what it raises ends here.

Every call has a deadline: of each read from the daemon, hence of a daemon that hangs.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from labctl.engine.contract import EngineError
from labctl.engine.docker.answers import State, seconds_since_1970, shortened, unreachable
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.image_calls import ImageCalls
from labctl.engine.docker.labels import LAB, Made, made
from labctl.engine.docker.plain_socket import plain_socket

if TYPE_CHECKING:
    from docker import APIClient

ANSWERS_WITHIN_S = 30
ANSWERS_AGAIN_WITHIN_S = 5
"""A daemon that once let so much time pass is asked no more than this for what is left to do."""
_SIDECAR_PROCESSES = 64
_READ_ONLY_BUT_SYSCTLS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"]  # Docker's own, but /proc/sys
_SIDECAR_MEMORY = 512 * 1024 * 1024  # bytes; it holds the packets that are delayed


_WAITING = "waiting for a container"
"""May take its time: who waits says how long."""


_REMOVED_WITHIN_S = 30


class Daemon(ImageCalls):
    """One daemon. Safe to use from several threads."""

    def __init__(self, endpoint: Endpoint, *, answers_within_s: int = ANSWERS_WITHIN_S) -> None:
        self._endpoint = endpoint
        self.hangs = False
        with self._translated("reaching the Docker daemon"):
            self._api = _client(endpoint, answers_within_s)

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def version(self) -> tuple[str, tuple[int, int]]:
        """The engine's version and that of its API."""
        with self._translated("asking for the version"):
            answer = self._api.version(api_version=False)
        major, _, minor = str(answer["ApiVersion"]).partition(".")
        return str(answer["Version"]), (int(major), int(minor))

    def containers(self, lab: str | None = None) -> list[Made]:
        """The containers of a lab, or of all labs, in whatever state."""
        with self._translated("listing containers"):
            found = self._api.containers(all=True, filters={"label": _label(lab)})
        return [
            made(
                one["Id"],
                one["Labels"],
                created=float(one["Created"]),
                runs=one["State"] not in ("created", "exited", "dead"),
                image=one["ImageID"],
            )
            for one in found
        ]

    def networks(self, lab: str | None = None) -> list[Made]:
        """The networks of a lab, or of all labs."""
        with self._translated("listing networks"):
            found = self._api.networks(filters={"label": _label(lab)})
        return [made(one["Id"], one["Labels"], created=seconds_since_1970(one["Created"])) for one in found]

    def pools(self) -> list[tuple[str, str, Made]]:
        """Each subnet of all networks, with the network's name, and whose it is as far as it is labctl's."""
        with self._translated("listing networks"):
            networks = self._api.networks()
        return [
            (str(pool["Subnet"]), str(one["Name"]), made(one["Id"], one.get("Labels") or {}))
            for one in networks
            for pool in (one.get("IPAM") or {}).get("Config") or ()
            if pool.get("Subnet")
        ]

    def attach(self, container: str) -> socket.socket | None:
        """The standard streams of a container's first process; it may still have to start.

        None if there is no such container: one that is being created is listed a little before it can be had.
        """
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = self._if_there("attaching to a container", lambda: self._api.attach_socket(container, params=wanted))
        return plain_socket(attached) if attached is not None else None

    def state(self, container: str) -> State | None:
        """A container's state, None if there is no such container."""
        details = self._if_there("inspecting a container", lambda: self._api.inspect_container(container))
        if details is None:
            return None
        found = details["State"]
        ended = found["Status"] in ("exited", "dead") or bool(found.get("Error"))
        return State(found["Status"], int(found["ExitCode"]) if ended else None, found["Error"], found["OOMKilled"])

    def create_sidecar(
        self,
        image: str,
        words: Sequence[str],
        *,
        rights: Sequence[str],
        labels: Mapping[str, str],
        network: str,
        sets_sysctls: bool = False,
    ) -> str:
        """A container that has these rights over its network, and no others; its id. It still has to start.

        `rights` are capabilities without CAP_, `network` is `none`, `container:ID` or `host`. Its standard input ends
        when whoever is attached goes. `sets_sysctls`: it may write the settings of that network.
        """
        from docker.types import LogConfig

        with self._translated("creating a sidecar"):
            config = self._api.create_host_config(
                network_mode=network,
                userns_mode="host" if network == "host" else None,  # else a daemon with userns-remap refuses it
                cap_drop=["ALL"],
                cap_add=list(rights),
                security_opt=["no-new-privileges:true"],
                pids_limit=_SIDECAR_PROCESSES,
                mem_limit=_SIDECAR_MEMORY,
                memswap_limit=_SIDECAR_MEMORY,
                log_config=LogConfig(type="none"),
            )
            if sets_sysctls:
                config["ReadonlyPaths"] = _READ_ONLY_BUT_SYSCTLS
            made = self._api.create_container(
                image, [], entrypoint=list(words), user="0:0", stdin_open=True, labels=dict(labels), host_config=config
            )
        return str(made["Id"])

    def put(self, container: str, archive: bytes) -> None:
        """Unpack a tar archive at the root of a container's own file system, as its root."""
        with self._translated("putting files into a container"):
            self._api.put_archive(container, "/", archive)

    def start(self, container: str) -> None:
        """Start a container that was created."""
        with self._translated("starting a container"):
            self._api.start(container)

    def has_ended(self, container: str, *, within_s: int) -> bool:
        """Wait until a container has ended, so long; whether it has. One that is gone has."""
        return self._has_come_to(container, "not-running", within_s=within_s)

    def _has_come_to(self, container: str, condition: Literal["not-running", "removed"], *, within_s: int) -> bool:
        from requests.exceptions import ConnectionError, Timeout

        wait = partial(self._api.wait, container, timeout=within_s, condition=condition)
        try:
            self._tolerantly(_WAITING, wait)
        except EngineError as error:
            if isinstance(error.__cause__, (ConnectionError, Timeout)):
                return False
            raise
        return True

    def kill(self, container: str) -> None:
        """End a container's processes. Nothing happens where there are none."""
        self._tolerantly("killing a container", lambda: self._api.kill(container))

    def disconnect(self, container: str, network: str) -> None:
        """Take a container off a network, running as it is."""
        with self._translated("disconnecting a container"):
            self._api.disconnect_container_from_network(container, network, force=True)

    def remove_container(self, container: str) -> None:
        """Remove a container, running or not. It is gone on return, even if somebody else had begun to remove it.

        Who waits for that may have come too late to be told: so it is asked for anew. EngineError if it stays.
        """
        remove = partial(self._api.remove_container, container, force=True, v=True)
        for _ in range(_REMOVED_WITHIN_S):
            if self._tolerantly("removing a container", remove):
                return
            if self._has_come_to(container, "removed", within_s=1):
                return
        raise EngineError(f"container {container} was not removed within {_REMOVED_WITHIN_S} s")

    def remove_network(self, network: str) -> None:
        """Remove a network. EngineError while it is in use."""
        self._tolerantly("removing a network", lambda: self._api.remove_network(network), busy_is_fine=False)

    def _if_there(self, what: str, call: Callable[[], Any]) -> Any:  # Any: what the SDK's method returns
        """What a call returns, None where the thing that it is about does not exist."""
        from docker.errors import NotFound

        try:
            with self._translated(what):
                return call()
        except EngineError as error:
            if isinstance(error.__cause__, NotFound):
                return None
            raise

    def _tolerantly(self, what: str, call: Callable[[], object], *, busy_is_fine: bool = True) -> bool:
        """Make a call whose purpose somebody may have seen to already (Compose, another sweep); whether nobody had."""
        from docker.errors import APIError

        try:
            with self._translated(what):
                call()
        except EngineError as error:
            status = error.__cause__.status_code if isinstance(error.__cause__, APIError) else None
            if status != 404 and not (status == 409 and busy_is_fine):
                raise
            return False
        return True

    def _expect_little(self) -> None:
        """From now on: it has let the time of one call pass."""
        self.hangs = True
        if hasattr(self, "_api"):  # its version is asked for while the client is made
            self._api.timeout = ANSWERS_AGAIN_WITHIN_S

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException, Timeout

        try:
            yield
        except APIError as error:
            raise EngineError(f"{what}: {shortened(str(error.explanation or error).strip())}") from error
        except (DockerException, RequestException, OSError) as error:
            if what != _WAITING and (isinstance(error, (Timeout, TimeoutError)) or "timed out" in str(error)):
                self._expect_little()
            raise unreachable(self._endpoint, what, error) from error


def _label(lab: str | None) -> str:
    return LAB if lab is None else f"{LAB}={lab}"


def _client(endpoint: Endpoint, answers_within_s: int) -> APIClient:
    from docker import APIClient
    from docker.utils import kwargs_from_env

    class Bounded(APIClient):
        """Attaching goes round the client's own timeout, and would wait for ever on a daemon that hangs."""

        def request(self, *words: Any, **named: Any) -> Any:  # Any: as requests has it
            return super().request(*words, **({"timeout": self.timeout} | named))

    known = kwargs_from_env(environment=endpoint.environment())
    return Bounded(**known, timeout=answers_within_s)
