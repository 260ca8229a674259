"""A plan -> agents on this machine, all its programs in one process tree that ends with the lab.

For tests of what runs on top of engines. It keeps the contract's promises about processes and teardown. It has no
network and no walls: a host is a home folder and an agent, and programs are as mighty as whoever runs labctl.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import labctl
from labctl.engine.contract import Channel, EngineError, Finding, LabSeen, Purpose, Readiness, Say
from labctl.engine.control import Control
from labctl.engine.fake.orders import Orders, orders_for
from labctl.engine.owner import myself
from labctl.plan.model import Plan

_UP_WITHIN_S = 30.0
_DOWN_WITHIN_S = 10.0
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from labctl.engine.fake.parent import main; main()"


class Fake:
    """The engine without networks."""

    name = "fake"

    def __init__(self) -> None:
        self._standing: dict[str, FakeLab] = {}

    def readiness(self) -> Readiness:
        """It works wherever the agent does."""
        works = sys.platform == "linux"
        return Readiness("fake", (Finding("Linux", works, sys.platform, "" if works else "use the docker engine"),))

    def prepare(self, plan: Plan, say: Say) -> None:
        """Nothing: hosts are made from the machine's own programs."""

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> FakeLab:
        """Make the lab. The hosts' homes lie in `folder` until it comes down."""
        homes = folder / "homes"
        parent = _Parent()
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, homes, ignore_errors=True)
            undo.callback(parent.end)
            channels = parent.make(orders_for(plan, homes, os.getuid(), os.getgid()))
            undo.pop_all()
        standing = FakeLab(plan, parent, channels, homes, forget=lambda: self._standing.pop(lab, None))
        self._standing[lab] = standing
        return standing

    def labs(self) -> list[LabSeen]:
        """Those of this object's that stand. None is ever left by a dead owner: a lab ends with it."""
        owner = str(myself())
        return [
            LabSeen(
                engine="fake",
                lab=lab,
                name=standing.plan.name,
                hosts=tuple(host.name for host in standing.plan.hosts),
                alive=True,
                owner=owner,
            )
            for lab, standing in self._standing.items()
        ]

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        """Nothing to remove, for the same reason."""
        return []


class _Parent:
    """The lab's parent process, from labctl's side."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._control = Control(ours)
        words = [sys.executable, "-I", "-S", "-c", _BOOT, str(Path(labctl.__file__).parent.parent)]
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        try:
            self._pid: int | None = os.posix_spawn(sys.executable, words, {"LC_ALL": "C.UTF-8"}, file_actions=actions)
        finally:
            theirs.close()

    def make(self, orders: Orders) -> dict[str, Channel]:
        """Order the hosts and receive a channel to each. EngineError with the parent's words."""
        try:
            channels, words = self._control.make({"hosts": orders}, len(orders), within_s=_UP_WITHIN_S)
        except OSError as error:
            raise EngineError(f"the lab could not be built: {error}") from error
        if not channels:
            raise EngineError(f"the lab could not be built: {words.get('error', 'its parent process died')}")
        return dict(channels)

    def halt(self, host: str) -> None:
        """Have it end a host's agent with all its programs. EngineError."""
        self._control.halt(host)

    def last_words(self) -> str:
        """Why the lab ended by itself; empty if it said nothing."""
        return self._control.last_words()

    def end(self) -> None:
        """End it and wait until every process of the lab is gone. May be called twice."""
        if self._pid is None:
            return
        self._control.close()
        descriptor = os.pidfd_open(self._pid)
        try:
            if not select.select([descriptor], [], [], _DOWN_WITHIN_S)[0]:
                raise EngineError(f"the lab's parent (pid {self._pid}) didn't end within {_DOWN_WITHIN_S:g} s")
        finally:
            os.close(descriptor)
        os.waitpid(self._pid, 0)
        self._pid = None


class FakeLab:
    """A lab of plain processes."""

    def __init__(
        self,
        plan: Plan,
        parent: _Parent,
        channels: dict[str, Channel],
        homes: Path,
        *,
        forget: Callable[[], object],
    ) -> None:
        self.plan = plan
        self.channels = channels
        self._parent = parent
        self._homes = homes
        self._forget = forget

    def halt(self, host: str) -> None:
        """Its parent does it. There is no network that could be cut first."""
        if host in self.channels:
            self._parent.halt(host)
            self.channels.pop(host).close()

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        """EngineError: there is no network whose packets a sidecar could get hold of."""
        raise EngineError("hosts of the engine 'fake' have no network, so no sidecar", hint="use '--engine netns'")

    def down(self) -> None:
        """Close the control socket, which ends every process; then remove the homes."""
        for channel in self.channels.values():
            channel.close()
        self._parent.end()
        shutil.rmtree(self._homes, ignore_errors=True)
        self._forget()

    def last_words(self) -> str:
        """Why the lab broke, as far as its parent could say."""
        return self._parent.last_words()
