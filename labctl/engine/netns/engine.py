"""A plan -> hosts on network namespaces of this machine, without a daemon, an image or root."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import labctl
from labctl.engine.contract import Channel, EngineError, LabSeen, Purpose, Readiness, Say
from labctl.engine.control import Control
from labctl.engine.netns.orders import orders_for
from labctl.engine.netns.readiness import look, why
from labctl.engine.sidecar import capture_settings, demand_attendable, settings_for
from labctl.plan.model import Plan

_UP_WITHIN_S = 60.0
_DOWN_WITHIN_S = 10.0
_NOT_FOR_IT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a terminal sends to all: blocked from the birth of the supervisor on, until it ignores them."""
_BOOT = (
    "import gc, os, sys; gc.disable(); sys.path.insert(0, sys.argv[2])\n"
    "try:\n"
    "    from labctl.engine.netns.supervisor import main\n"
    "    main()\n"
    "except Exception as error:\n"
    "    said = (getattr(error, 'strerror', '') or repr(error)).replace(chr(34), chr(39)).replace(chr(92), '')\n"
    "    os.write(3, ('{\"error\": \"' + said + '\"}' + chr(10)).encode())\n"
)
"""It imports nothing more to say why it could not begin: descriptors or memory may have run out."""


class Netns:
    """The embedded engine."""

    name = "netns"

    def readiness(self) -> Readiness:
        """Tries it: a supervisor that leaves the namespaces and makes a small network."""
        return look()

    def prepare(self, plan: Plan, say: Say) -> None:
        """Nothing: hosts are made from the machine's own programs. EngineError for a lab that is to be open."""
        if plan.internet:
            message = "a lab on namespaces can't be opened to the internet: nobody but root could connect it"
            raise EngineError(message, hint="run it with `--engine docker`, or add `skip: {netns: …}` with the reason")

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> NetnsLab:
        """Make the lab. Nothing of it is anywhere but in its own namespaces."""
        supervisor = Supervisor()
        with ExitStack() as undo:
            undo.callback(supervisor.end)
            standing = NetnsLab(plan, supervisor, supervisor.make(plan))
            undo.pop_all()
        return standing

    def labs(self) -> list[LabSeen]:
        """None that an owner could have left: the kernel takes a lab with its owner."""
        return []

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        """Nothing to remove, for the same reason."""
        return []


class Supervisor:
    """The lab's owner process, from labctl's side."""

    def __init__(self) -> None:
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise _unbuildable(error.strerror or str(error)) from error
        self._control = Control(ours)
        words = [sys.executable, "-I", "-S", "-c", _BOOT, str(os.getpid()), _package_folder()]
        actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)]
        try:
            self._pid: int | None = os.posix_spawn(
                sys.executable, words, {"LC_ALL": "C.UTF-8"}, file_actions=actions, setsigmask=_NOT_FOR_IT
            )
        except OSError as error:
            self._control.close()
            raise _unbuildable(error.strerror or str(error)) from error
        finally:
            theirs.close()

    def make(self, plan: Plan) -> dict[str, Channel]:
        """Order the hosts and receive a channel to each. EngineError with the supervisor's words."""
        orders = orders_for(plan, _memory_for(plan))
        try:
            channels, words = self._control.make(orders, len(plan.hosts), within_s=_UP_WITHIN_S)
        except TimeoutError as error:
            raise EngineError(f"the lab was not up within {_UP_WITHIN_S:g} s") from error
        except ConnectionError:
            channels, words = {}, {}
        except OSError as error:
            channels, words = {}, {"error": error.strerror or str(error)}
        if not channels:
            raise _unbuildable(words.get("error", "its supervisor died"), words)
        return dict(channels)

    def attend(self, settings: Sequence[dict[str, Any]]) -> dict[str, Channel]:
        """Have it start a sidecar for each of these settings. EngineError."""
        return dict(self._control.attend(settings))

    def halt(self, host: str) -> None:
        """Have it cut a host's cable and kill the host. EngineError."""
        self._control.halt(host)

    def last_words(self) -> str:
        """Why the lab ended by itself; empty if it said nothing."""
        return self._control.last_words()

    def end(self) -> None:
        """End it and wait until everything in the lab is gone. May be called twice."""
        if self._pid is None:
            return
        self._control.close()
        descriptor = os.pidfd_open(self._pid)
        try:
            if not select.select([descriptor], [], [], _DOWN_WITHIN_S)[0]:
                raise EngineError(f"the lab's supervisor (pid {self._pid}) didn't end within {_DOWN_WITHIN_S:g} s")
        finally:
            os.close(descriptor)
        os.waitpid(self._pid, 0)
        self._pid = None


def _unbuildable(reason: str, words: Mapping[str, Any] | None = None) -> EngineError:
    """Why there is no lab. `words`: what its supervisor said, if it was that."""
    hint = why(dict(words) if words is not None else {"error": reason})
    return EngineError(f"the lab could not be built on namespaces: {reason}", hint=hint)


class NetnsLab:
    """A lab on namespaces."""

    def __init__(self, plan: Plan, supervisor: Supervisor, channels: dict[str, Channel]) -> None:
        self.plan = plan
        self.channels = channels
        self._supervisor = supervisor
        self._attending: dict[tuple[Purpose, str], Channel] = {}
        self.began_ns = time.monotonic_ns()

    def halt(self, host: str) -> None:
        """Its supervisor does it."""
        if host in self.channels:
            self._supervisor.halt(host)
            self.channels.pop(host).close()
            for key in [key for key in self._attending if key[1] == host]:
                self._attending.pop(key).close()

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        """Its supervisor does it: each sidecar is a process that enters the host's network and nothing else of it."""
        demand_attendable(hosts, self.plan, self.channels)
        told = [
            settings_for(self.plan, host) if purpose == "links" else capture_settings(self.plan, host) for host in hosts
        ]
        channels = self._supervisor.attend([one | {"purpose": purpose} for one in told]) if hosts else {}
        self._attending |= {(purpose, host): channel for host, channel in channels.items()}
        return channels

    def down(self) -> None:
        """Close the control socket; the kernel does the rest."""
        for channel in (*self._attending.values(), *self.channels.values()):
            channel.close()
        self._supervisor.end()

    def last_words(self) -> str:
        """Why the lab broke, as far as its owner could say."""
        return self._supervisor.last_words()


def _package_folder() -> str:
    return str(Path(labctl.__file__).parent.parent)


def _memory_for(plan: Plan) -> int:
    """What the whole lab may use: what its hosts may, at most half of what the machine has."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    return min(sum(host.limits.memory for host in plan.hosts), machine // 2)
