"""Settings and a host's first process -> a process beside it that has entered its network, and becomes its sidecar.

Forked by the supervisor, never executed anew; stdlib only. The sidecar sees the machine's files, for the packet
filter's commands, but has a /run of its own, and is no process of the host's: programs there don't see it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from functools import partial
from typing import Any

from labctl.agent import kernel
from labctl.agent.frames import encode
from labctl.agent.last_words import last_words
from labctl.engine.forked import forked
from labctl.engine.netns import libraries
from labctl.engine.netns.host import keep_only

_ENDS_WITHIN_S = 5.0
_MEMORY = 128 * 1024 * 1024
"""Bytes that a sidecar may use, with the packets that it holds."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Attendants:
    """The sidecars of a lab: at most one beside each host."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}

    @property
    def memory(self) -> int:
        """Bytes that they may use together."""
        return _MEMORY * len(self._pids)

    def begin(self, wanted: list[tuple[dict[str, Any], int]]) -> list[socket.socket]:
        """Fork a sidecar for each of (settings, the host's first process); our ends of their channels.

        OSError, and none of them, if one can't be had.
        """
        channels: list[socket.socket] = []
        begun: list[str] = []
        try:
            for settings, pid in wanted:
                self._wait_for_the_former(settings["host"])
                ours, theirs = socket.socketpair()
                channels.append(ours)
                with theirs:
                    self._pids[settings["host"]] = _fork_sidecar(settings, pid, theirs)
                begun.append(settings["host"])
        except OSError:
            for channel in channels:
                channel.close()
            for host in begun:
                self.end(host)
            raise
        return channels

    def end(self, host: str) -> None:
        """Kill a host's sidecar, if it has one."""
        pid = self._pids.pop(host, None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def forget(self, pid: int) -> None:
        """A child was buried; it may have been one of these."""
        self._pids = {host: its for host, its in self._pids.items() if its != pid}

    def _wait_for_the_former(self, host: str) -> None:
        """Its channel may be closed, and it about to end. OSError if it goes on."""
        pid = self._pids.get(host)
        if pid is None:
            return
        descriptor = os.pidfd_open(pid)
        try:
            if not select.select([descriptor], [], [], _ENDS_WITHIN_S)[0]:
                raise OSError(0, f"host {host} is attended already")
        finally:
            os.close(descriptor)
        os.waitpid(pid, 0)
        del self._pids[host]


def _fork_sidecar(settings: dict[str, Any], host: int, channel: socket.socket) -> int:
    return forked(
        partial(_be_sidecar, settings, host, channel, os.getpid()),
        lambda error: channel.sendall(encode({"ev": "broken", "detail": last_words(error)})),
    )


def _be_sidecar(settings: dict[str, Any], host: int, channel: socket.socket, supervisor: int) -> None:
    kernel.die_with_parent(supervisor, signal.SIGKILL)
    os.setsid()
    os.environ["PATH"] = _PATH
    network = os.open(f"/proc/{host}/ns/net", os.O_RDONLY)
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET)
    kernel.mount("run", "/run", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=1m")
    libraries.go_through_them()
    from labctl.sidecar import probe, serve

    # Until it enters the host's network, this process is in a scratch one.
    if "ask" in settings:
        probe.main(settings, channel.fileno())
        return
    told = {"has_queue": probe.has_queue(), "has_own_queue": probe.has_own_queue()} | settings
    if not told["has_queue"]:
        import labctl.sidecar.plain_serve  # noqa: F401 - while modules can still be read
    kernel.setns(network, kernel.CLONE_NEWNET)
    keep_only(channel.fileno())
    serve.main(told, channel.fileno(), channel.fileno())
