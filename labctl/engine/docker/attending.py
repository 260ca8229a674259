"""A lab on Docker -> sidecars beside its hosts: containers that share a host's network, and nothing else with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from labctl.agent.boot import CAPTURE, COMMAND, PROBE, SIDECAR, bundle
from labctl.engine.contract import EngineError, Purpose
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.parallel import in_parallel
from labctl.engine.sidecar import capture_settings, settings_for
from labctl.engine.trial import Json, found_by
from labctl.plan.image import SIDECAR_IMAGE
from labctl.plan.model import Plan

_ENDS_WITHIN_S = 5
_RIGHTS: dict[Purpose, tuple[str, ...]] = {"links": ("NET_ADMIN", "NET_RAW"), "capture": ("NET_RAW",)}

_Key = tuple[str, Purpose]
"""A host, and what the sidecar beside it is for."""


class Attendants:
    """The sidecars of one lab: at most one beside each host for each purpose, made from one image."""

    def __init__(self, daemon: Daemon, labels: Mapping[str, str]) -> None:
        """`labels`: what every container of the lab carries; by them sidecars are found on the way down."""
        self._daemon = daemon
        self._labels = labels
        self._containers: dict[_Key, str] = {}
        self._channels: dict[_Key, DockerChannel] = {}

    def begin(
        self, hosts: Sequence[str], plan: Plan, containers: Mapping[str, str], purpose: Purpose
    ) -> dict[str, DockerChannel]:
        """A sidecar beside each of these hosts, all made at the same time. EngineError, and none, if one can't be had.

        `containers` are the hosts' own, by name. For links it is tried meanwhile, in one more container without a
        network, what this kernel's packet filter can do.
        """
        demand_image(self._daemon)
        begun: list[_Key] = []
        with ExitStack() as undo:
            undo.callback(lambda: in_parallel(self._ends(begun)))
            if purpose == "capture":
                self._begin_captures(hosts, plan, containers, begun)
            else:
                self._begin_for_links(hosts, plan, containers, begun)
            undo.pop_all()
        return {host: self._channels[host, purpose] for host in hosts}

    def _begin_captures(
        self, hosts: Sequence[str], plan: Plan, containers: Mapping[str, str], begun: list[_Key]
    ) -> None:
        told = {host: bundle(capture_settings(plan, host), entry=CAPTURE) for host in hosts}
        _make([partial(self._begin, (host, "capture"), containers[host], begun, told[host]) for host in hosts])

    def _begin_for_links(
        self, hosts: Sequence[str], plan: Plan, containers: Mapping[str, str], begun: list[_Key]
    ) -> None:
        tried: list[Json] = []
        calls = [partial(self._begin, (host, "links"), containers[host], begun) for host in hosts]
        _make([*calls, lambda: tried.append(probed(self._daemon, self._labels, "queue"))])
        shown = {name: tried[0].get(name) for name in ("has_queue", "has_own_queue")}
        for host in hosts:
            _tell(self._channels[host, "links"], bundle(settings_for(plan, host, **shown), entry=SIDECAR))

    def end(self, host: str) -> None:
        """Remove a host's sidecars, if it has any, and close their channels."""
        _make(self._ends(key for key in self._containers if key[0] == host))

    def ends(self) -> list[Callable[[], None]]:
        """What removes each sidecar, for making all these calls at the same time."""
        return self._ends(self._containers)

    def _ends(self, keys: Iterable[_Key]) -> list[Callable[[], None]]:
        return [partial(self._end, key) for key in keys]

    def _end(self, key: _Key) -> None:
        container = self._containers.pop(key, None)
        if container is not None:
            self._daemon.remove_container(container)
        channel = self._channels.pop(key, None)
        if channel is not None:
            channel.close()

    def _begin(self, key: _Key, container: str, begun: list[_Key], told: bytes = b"") -> None:
        host, purpose = key
        former = self._containers.get(key)
        if former is not None:
            if not self._daemon.has_ended(former, within_s=_ENDS_WITHIN_S):
                raise EngineError(f"host {host} is attended already, for its {purpose}")
            self._end(key)
        made = _create(self._daemon, self._labels, f"container:{container}", purpose)
        self._containers[key] = made
        begun.append(key)
        self._channels[key] = _begun(self._daemon, made, told)


def _make(calls: Sequence[Callable[[], object]]) -> None:
    """Make these calls at the same time; raise what the first one that failed raised, when all are over."""
    raised = in_parallel(calls)
    if raised:
        raise raised[0]


def _tell(channel: DockerChannel, told: bytes) -> None:
    try:
        channel.send(told)
    except BrokenPipeError as error:
        raise EngineError("a sidecar ended before it was told what to do") from error


def demand_image(daemon: Daemon) -> None:
    """EngineError where the sidecars' image is not there."""
    if daemon.image_labels(SIDECAR_IMAGE) is None:
        raise EngineError(f"there is no image '{SIDECAR_IMAGE}'", hint="run `labctl build`")


def probed(daemon: Daemon, labels: Mapping[str, str], ask: str) -> Json:
    """What labctl.sidecar.probe finds in a network of its own, without a way to anywhere. EngineError."""
    with ExitStack() as undo:
        container = _create(daemon, labels, "none", "links")
        undo.callback(daemon.remove_container, container)
        channel = _begun(daemon, container)
        undo.callback(channel.close)
        with suppress(BrokenPipeError):  # it has ended; what it said before that tells more
            channel.send(bundle({"ask": ask}, entry=PROBE))
        return found_by(channel)


def _create(daemon: Daemon, labels: Mapping[str, str], network: str, purpose: Purpose) -> str:
    return daemon.create_sidecar(SIDECAR_IMAGE, COMMAND, rights=_RIGHTS[purpose], labels=labels, network=network)


def _begun(daemon: Daemon, container: str, told: bytes = b"") -> DockerChannel:
    """Start it; the channel was there before, so that nothing is missed, and what it is told lies ready."""
    stream = daemon.attach(container)
    if stream is None:
        raise EngineError("a sidecar's container was removed before it started")
    with ExitStack() as undo:
        channel = DockerChannel(stream)
        undo.callback(channel.close)
        _tell(channel, told)
        daemon.start(container)
        undo.pop_all()
    return channel
