"""A lab on Docker -> sidecars beside its hosts: containers that share a host's network, and nothing else with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from labctl.agent.boot import COMMAND, PROBE, SIDECAR, bundle
from labctl.engine.contract import EngineError
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.parallel import in_parallel
from labctl.engine.sidecar import settings_for
from labctl.engine.trial import Json, found_by
from labctl.plan.image import SIDECAR_IMAGE
from labctl.plan.model import Plan

_ENDS_WITHIN_S = 5


class Attendants:
    """The sidecars of one lab: at most one beside each host, made from one image."""

    def __init__(self, daemon: Daemon, labels: Mapping[str, str]) -> None:
        """`labels`: what every container of the lab carries; by them sidecars are found on the way down."""
        self._daemon = daemon
        self._labels = labels
        self._containers: dict[str, str] = {}
        self._channels: dict[str, DockerChannel] = {}

    def begin(self, hosts: Sequence[str], plan: Plan, containers: Mapping[str, str]) -> dict[str, DockerChannel]:
        """A sidecar beside each of these hosts, all made at the same time. EngineError, and none, if one can't be had.

        `containers` are the hosts' own, by name. In one more container, without a network, it is tried meanwhile
        what this kernel's packet filter can do.
        """
        demand_image(self._daemon)
        begun: list[str] = []
        tried: list[Json] = []
        calls = [partial(self._begin, host, containers[host], begun) for host in hosts]
        with ExitStack() as undo:
            undo.callback(lambda: in_parallel(self._ends(begun)))
            raised = in_parallel([*calls, lambda: tried.append(probed(self._daemon, self._labels, "queue"))])
            if raised:
                raise raised[0]
            shown = {name: tried[0].get(name) for name in ("has_queue", "has_own_queue")}
            for host in begun:
                self._tell(host, settings_for(plan, host, **shown))
            undo.pop_all()
        return {host: self._channels[host] for host in hosts}

    def end(self, host: str) -> None:
        """Remove a host's sidecar, if it has one, and close its channel."""
        container = self._containers.pop(host, None)
        if container is not None:
            self._daemon.remove_container(container)
        channel = self._channels.pop(host, None)
        if channel is not None:
            channel.close()

    def ends(self) -> list[Callable[[], None]]:
        """What removes each sidecar, for making all these calls at the same time."""
        return self._ends(self._containers)

    def _ends(self, hosts: Iterable[str]) -> list[Callable[[], None]]:
        return [partial(self.end, host) for host in hosts]

    def _begin(self, host: str, container: str, begun: list[str]) -> None:
        former = self._containers.get(host)
        if former is not None:
            if not self._daemon.has_ended(former, within_s=_ENDS_WITHIN_S):
                raise EngineError(f"host {host} is attended already")
            self.end(host)
        made = _create(self._daemon, self._labels, f"container:{container}")
        self._containers[host] = made
        begun.append(host)
        self._channels[host] = _begun(self._daemon, made)

    def _tell(self, host: str, settings: dict[str, object]) -> None:
        try:
            self._channels[host].send(bundle(settings, entry=SIDECAR))
        except BrokenPipeError as error:
            raise EngineError("a sidecar ended before it was told what to do") from error


def demand_image(daemon: Daemon) -> None:
    """EngineError where the sidecars' image is not there."""
    if daemon.image_labels(SIDECAR_IMAGE) is None:
        raise EngineError(f"there is no image '{SIDECAR_IMAGE}'", hint="run `labctl build`")


def probed(daemon: Daemon, labels: Mapping[str, str], ask: str) -> Json:
    """What labctl.sidecar.probe finds in a network of its own, without a way to anywhere. EngineError."""
    with ExitStack() as undo:
        container = _create(daemon, labels, "none")
        undo.callback(daemon.remove_container, container)
        channel = _begun(daemon, container)
        undo.callback(channel.close)
        with suppress(BrokenPipeError):  # it has ended; what it said before that tells more
            channel.send(bundle({"ask": ask}, entry=PROBE))
        return found_by(channel)


def _create(daemon: Daemon, labels: Mapping[str, str], network: str) -> str:
    return daemon.create_sidecar(SIDECAR_IMAGE, COMMAND, labels=labels, network=network)


def _begun(daemon: Daemon, container: str) -> DockerChannel:
    """Start it; the channel was there before, so that nothing is missed."""
    stream = daemon.attach(container)
    if stream is None:
        raise EngineError("a sidecar's container was removed before it started")
    with ExitStack() as undo:
        channel = DockerChannel(stream)
        undo.callback(channel.close)
        daemon.start(container)
        undo.pop_all()
    return channel
