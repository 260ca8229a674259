"""A lab on Docker: its channels, and the way down."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from labctl.engine.contract import EngineError, Purpose, Say
from labctl.engine.docker.attending import Attendants
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.child import Child
from labctl.engine.docker.compose import Project
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.labels import labels
from labctl.engine.docker.parallel import in_parallel
from labctl.engine.docker.removal import remove_lab
from labctl.engine.docker.sweep import sweep_beside
from labctl.engine.docker.watched import Watched, watch
from labctl.engine.owner import myself
from labctl.engine.sidecar import demand_attendable
from labctl.plan.model import Plan

DOWN_WITHIN_S = 60.0


class DockerLab:
    """A lab (labctl.engine.contract), from the moment Compose is started. `containers`: host name to id."""

    def __init__(self, lab: str, plan: Plan, project: Project, endpoint: Endpoint) -> None:
        self.lab = lab
        self.project = project
        self.child: Child | None = None
        self._plan = plan
        self._endpoint = endpoint
        self._is_down = False
        self.channels_by_host: dict[str, DockerChannel] = {}
        self.containers: dict[str, str] = {}
        self.daemon: Daemon | None = None
        self._watched: Watched | None = None
        self._sweeping: threading.Thread | None = None
        self._attendants: Attendants | None = None

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def channels(self) -> Mapping[str, DockerChannel]:
        return self.channels_by_host

    def begin(self) -> Daemon:
        """Let Compose make it, and look for what dead owners left. From here on this process's death takes it along."""
        self._watched = watch(self.lab, self._endpoint)
        self.project.holds = (self._watched.lifeline,)
        self.child = self.project.up()
        self.daemon = Daemon(self._endpoint)  # imports the SDK while Compose works
        self._sweeping = sweep_beside(self.daemon)
        return self.daemon

    def halt(self, host: str) -> None:
        """Take its container off the network, and kill it and its sidecars'. Compose must be done with it by then."""
        if host not in self.channels_by_host:
            return
        assert self.daemon is not None  # it was needed to come up
        self._finish()
        container = self.containers[host]
        for network in self.daemon.networks(self.lab):
            self.daemon.disconnect(container, network.id)
        self.daemon.kill(container)
        if self._attendants is not None:
            self._attendants.end(host)
        self.channels_by_host.pop(host).close()

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, DockerChannel]:
        """Each sidecar is a container of the sidecars' image in the host's network namespace."""
        demand_attendable(hosts, self._plan, self.channels_by_host)
        assert self.daemon is not None  # it was needed to come up
        if self._attendants is None:
            self._attendants = Attendants(self.daemon, labels(self.lab, self._plan.name, myself()))
        return self._attendants.begin(hosts, self._plan, self.containers, purpose) if hosts else {}

    def down(self) -> None:
        """End all hosts at once and let Compose remove them; what it leaves, remove by label."""
        if self._is_down:
            return
        assert self.daemon is not None  # it was needed to come up
        self._finish()  # hosts may speak before Compose has noticed that they started
        with suppress(EngineError):  # without Compose the rest is removed all the same
            self.child = self.project.down()
        if self._sweeping is not None:
            _joined(self._sweeping)  # and again: what a dead owner asked for last may not have been made by then
            self._sweeping = sweep_beside(self.daemon)
        ends = [partial(self.daemon.kill, container) for container in self.containers.values()]
        in_parallel([*ends, *self._attendants.ends()] if self._attendants is not None else ends)
        self._close_channels()
        self._finish()
        remove_lab(self.daemon, self.lab)
        self._is_gone()

    def discard(self, say: Say) -> None:
        """Remove a lab that is only half there. Compose may be in the middle of making it.

        Called on the way of another error, which counts for more than what can't be removed: that is only said.
        """
        if self.child is not None:
            self.child.end()
            self.child.close()
        self._close_channels()
        self._is_down = True
        try:
            self.daemon = self.daemon or Daemon(self._endpoint)
            remove_lab(self.daemon, self.lab, settled_looks=3)
            self._is_gone()
        except EngineError as left:
            say(str(left))

    def _is_gone(self) -> None:
        assert self.daemon is not None  # it was needed to remove it
        self._is_down = True
        if self._watched is not None:
            self._watched.end()
        if self._sweeping is not None:
            _joined(self._sweeping)
        self.daemon.close()

    def _finish(self) -> None:
        if self.child is None:
            return
        try:
            self.child.wait(0 if self.daemon is not None and self.daemon.hangs else DOWN_WITHIN_S)
        finally:
            self.child.end()
            self.child.close()

    def _close_channels(self) -> None:
        for channel in self.channels_by_host.values():
            channel.close()


def _joined(thread: threading.Thread) -> None:
    """Wait for its end; one that could not be begun has ended."""
    if thread.ident is not None:
        thread.join()


def broken_start(lab: DockerLab, host: str) -> EngineError:
    """Why a host's agent has not said hello, in words."""
    assert lab.daemon is not None
    container = lab.containers.get(host)
    state = lab.daemon.state(container) if container else None
    said = lab.channels_by_host[host].stderr if host in lab.channels_by_host else ""
    if state is None:
        why = "its container is gone"
    elif state.out_of_memory:
        why = "it ran out of memory"
    elif state.error:
        why = state.error
    elif state.exit is not None:
        why = f"its first process ended with status {state.exit}"
    else:
        why = f"its container is {state.status}, and its agent says nothing"
    hint = "build it from an image that has Python 3.9 or later" if "python3" in why else ""
    return EngineError(f"host {host} did not start: {why}" + (f": {said}" if said else ""), hint=hint)
