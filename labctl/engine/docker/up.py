"""Plan -> a lab whose agents have all said hello. Compose makes it; meanwhile its containers are attached to."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from labctl.agent.boot import bundle
from labctl.engine.contract import EngineError, Say
from labctl.engine.docker.bringing import bring
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.closing import Closing
from labctl.engine.docker.compose import Project, compose_version, find_compose
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.glance import look
from labctl.engine.docker.holders import demand_kept
from labctl.engine.docker.lab import DockerLab, broken_start
from labctl.engine.docker.labels import labels
from labctl.engine.docker.project import GID, UID, Circumstances, bridge_names, container_limits, project, project_name
from labctl.engine.docker.pythons import copies, names_of, notes
from labctl.engine.docker.subnets import RANGES4, Chooser, candidates, overlaps
from labctl.engine.owner import myself
from labctl.plan.model import HostPlan, Plan
from labctl.plan.names import NSSWITCH, hosts_file
from labctl.plan.sysctls import names_an_interface
from labctl.scenario.model import Family

UP_WITHIN_S = 60.0
PER_HOST_S = 2.0
LOOK_AGAIN_MS = 60
_UNEXPLAINED = 2
"""So often another subnet is tried though nobody is seen to have the last one: whoever took it at the same moment is
not listed yet."""
_SHOWN_SUBNETS = 4


class _ComposeFailed(EngineError):
    """Compose ended with an error."""


def bring_up(plan: Plan, *, lab: str, folder: Path, endpoint: Endpoint, say: Say) -> DockerLab:
    """The lab, in subnets of its own. Nothing is left of it on any failure. EngineError says why."""
    words = find_compose()
    copied = copies(plan, endpoint)
    circumstances = replace(find_circumstances(plan, words, endpoint), copies=names_of(copied))
    plan = replace(plan, notes=plan.notes + notes(plan, copied))
    compose = Project(project_name(lab), folder, words, endpoint)
    known = labels(lab, plan.name, myself())
    taken: list[str] = []
    unexplained = 0
    chooser = Chooser(plan, lab, candidates)
    while (choice := chooser.next(taken)) is not None:
        demand_kept(plan, endpoint, say)
        there = choice.plan
        compose.write(project(there, known, circumstances, spares4=choice.spares4))
        for doing in (*notes(plan, copied), doing_of(plan)):
            say(doing)
        standing = DockerLab(lab, there, compose, endpoint)
        with ExitStack() as undo:
            undo.callback(standing.discard, say)
            try:
                daemon = standing.begin()
                closing = None if plan.internet else Closing(daemon, known, bridge_names(there, choice.spares4))
                if closing is not None:
                    undo.callback(closing.wait)
                _Meeting(standing, daemon, say, closing).wait()
            except _ComposeFailed:
                if standing.daemon is None or _has_all_networks(standing.daemon, standing.lab, there):
                    raise
                # Compose's own words are not for reading: a network is not there, and these may be in its way
                ours = {one.id for one in standing.daemon.networks(standing.lab)}
                pools = standing.daemon.pools()
                taken = [subnet for subnet, _, holder in pools if holder.id not in ours]
                if not overlaps([*choice.chosen, *(subnet for _, subnet in plan.kept)], taken):
                    unexplained += 1
                    if unexplained > _UNEXPLAINED:
                        raise
            else:
                undo.pop_all()
                return standing
    raise no_subnet(len(plan.hosts), taken)


def _has_all_networks(daemon: Daemon, lab: str, plan: Plan) -> bool:
    return len(daemon.networks(lab)) >= len(plan.nets)


def no_subnet(hosts: int, taken: Sequence[str]) -> EngineError:
    """The error when every candidate is taken: the largest networks that are there are what is in the way."""
    known = sorted((subnet for subnet in taken if ":" not in subnet), key=lambda subnet: int(subnet.partition("/")[2]))
    shown = ", ".join(known[:_SHOWN_SUBNETS]) + (
        f" and {len(known) - _SHOWN_SUBNETS} more" * (len(known) > _SHOWN_SUBNETS)
    )
    ranges = ", ".join(map(str, RANGES4))
    return EngineError(
        f"there is no free subnet for a lab of {hosts} hosts in {ranges}: Docker has networks with {shown}",
        hint="remove those that nobody uses, with 'docker network rm NAME' or 'docker network prune'",
    )


def find_circumstances(plan: Plan, words: tuple[str, ...], endpoint: Endpoint) -> Circumstances:
    """What the Compose file depends on. Asks the daemon and Compose only where the plan makes it matter."""
    speaks_ipv6 = plan.family is not Family.IPV4
    sets_interfaces = any(names_an_interface(key) for host in plan.hosts for key in host.sysctls)
    api = look(endpoint).version()[1] if speaks_ipv6 or sets_interfaces else (0, 0)
    endpoint_sysctls = sets_interfaces and api >= (1, 46) and not compose_version(words).startswith("1.")
    if not endpoint_sysctls:
        _demand_that_interfaces_are_known(plan)
    return Circumstances(
        has_ipv6=not endpoint.is_local or os.path.exists("/proc/sys/net/ipv6"),
        endpoint_sysctls=endpoint_sysctls,
        isolates_ipv6=api >= (1, 48),
    )


def _demand_that_interfaces_are_known(plan: Plan) -> None:
    """EngineError for a setting of an interface where this Docker decides which of several it would be."""
    for host in plan.hosts:
        for key in filter(names_an_interface, host.sysctls):
            if len(host.wires) > 1:
                message = f"'{key}' of {host.name} can't be set: which of its {len(host.wires)} interfaces is called so"
                raise EngineError(
                    f"{message} is up to this Docker", hint="use Docker 28 with Compose v2, or --engine netns"
                )


class _Meeting:
    """Attaches to each container as soon as it is there, gives it its agent, and waits for all to speak.

    The lab is closed meanwhile: no agent is told to start a program before this is over.
    """

    def __init__(self, standing: DockerLab, daemon: Daemon, say: Say, closing: Closing | None) -> None:
        self._standing = standing
        self._daemon = daemon
        self._say = say
        assert standing.child is not None  # it has begun
        self._child = standing.child
        self._unattached = {host.name: host for host in standing.plan.hosts}
        self._silent = set(self._unattached)
        self._compose_runs = True
        self._closing = closing
        self._poller = select.poll()
        self._poller.register(self._child, select.POLLIN | select.POLLHUP)
        self._until = time.monotonic() + UP_WITHIN_S + PER_HOST_S * len(self._unattached)

    def wait(self) -> None:
        """Return when every host has spoken. EngineError says which one did not, and why."""
        while self._unattached or self._silent:
            if self._unattached:
                self._look()
            for name in [name for name in self._silent if name not in self._unattached]:
                self._listen(name)
            if self._compose_runs and self._child.status is not None:
                self._compose_has_ended()
            if time.monotonic() > self._until:
                raise broken_start(self._standing, next(iter(sorted(self._silent))))
            if self._unattached or self._silent:
                self._say(doing_of(self._standing.plan))
                self._poller.poll(LOOK_AGAIN_MS)
        if self._closing is not None:
            self._closing.end()

    def _look(self) -> None:
        for container in self._daemon.containers(self._standing.lab):
            if self._closing is not None:  # where there is a container, there is its network
                self._closing.begin()
            if host := self._unattached.get(container.host):
                self._attach(host, container.id)

    def _compose_has_ended(self) -> None:
        """Now every container must be there and run. Its exit status proves nothing: some wrappers lose it."""
        self._compose_runs = False
        self._poller.unregister(self._child)
        self._look()
        if self._unattached:
            raise _ComposeFailed(f"Docker Compose could not make the lab: {self._standing.project.said()}")
        for name in sorted(self._silent):
            state = self._daemon.state(self._standing.containers[name])
            if state is None or state.status != "running":
                raise broken_start(self._standing, name)

    def _attach(self, host: HostPlan, container: str) -> None:
        if (stream := self._daemon.attach(container)) is None:
            return
        del self._unattached[host.name]
        channel = DockerChannel(stream)
        self._standing.containers[host.name] = container
        self._standing.channels_by_host[host.name] = channel
        try:
            bring(self._daemon, container, host.brought)
            channel.send(bundle(agent_settings(self._standing.plan, host)))
        except BrokenPipeError as error:
            raise broken_start(self._standing, host.name) from error
        self._poller.register(channel, select.POLLIN)

    def _listen(self, name: str) -> None:
        channel = self._standing.channels_by_host[name]
        try:
            if not channel.has_spoken():
                return
        except (EOFError, OSError) as error:
            raise broken_start(self._standing, name) from error
        self._silent.discard(name)
        self._poller.unregister(channel)


def doing_of(plan: Plan) -> str:
    """What is being done, in words."""
    return f"starting {len(plan.hosts)} host{'s' * (len(plan.hosts) > 1)}"


def agent_settings(plan: Plan, host: HostPlan) -> dict[str, object]:
    """What the agent on a host is told (labctl.agent.settings)."""
    limits = host.limits
    return {
        "engine": "docker",
        "host": host.name,
        "uid": UID,
        "gid": GID,
        "own_user_namespace": False,
        "home": "/home/lab",
        "path": list(host.path),
        "environment": host.environment,
        "limits": {
            "processes": limits.processes,
            "memory": limits.memory,
            "files": limits.files,
            "file_size": limits.file_size,
            "output": limits.output,
        },
        "asked": asked_of(host),
        "files": {} if plan.internet else {"/etc/hosts": hosts_file(plan, host.name), "/etc/nsswitch.conf": NSSWITCH},
    }


def asked_of(host: HostPlan) -> dict[str, dict[str, object]]:
    """What must be in force on a host (labctl.agent.holding): what was asked for, and nothing that nobody did.

    Of processes a container's limit is the one there is, of memory it is so beside that of each program.
    """
    limits = host.limits
    whole = container_limits(limits)
    return {
        "limits": {name: getattr(limits, name) for name in limits.asked if name != "processes"},
        "container": {name: whole[name] for name in limits.asked if name in whole},
        "sysctls": dict(host.declared),
    }
