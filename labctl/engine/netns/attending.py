"""Settings and a host's first process -> a process beside it that has entered its network, and becomes its sidecar.

Forked by the supervisor, never executed anew; stdlib only. The sidecar is no process of the host's: programs there
don't see it. One for links sees the machine's files, for the packet filter's commands, but has a /run of its own; one
that records gives up every right as soon as it does.
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
_MEMORY = {"links": 128 * 1024 * 1024, "capture": 32 * 1024 * 1024}
"""Bytes that a sidecar may use by its purpose, with the packets that it holds."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


_Key = tuple[str, str]
"""A host, and what the sidecar beside it is for."""


class Attendants:
    """The sidecars of a lab: at most one beside each host for each purpose."""

    def __init__(self) -> None:
        self._pids: dict[_Key, int] = {}

    @property
    def memory(self) -> int:
        """Bytes that they may use together."""
        return sum(_MEMORY[purpose] for _, purpose in self._pids)

    def begin(self, wanted: list[tuple[dict[str, Any], int]]) -> list[socket.socket]:
        """Fork a sidecar for each of (settings, the host's first process); our ends of their channels.

        OSError, and none of them, if one can't be had.
        """
        channels: list[socket.socket] = []
        begun: list[_Key] = []
        try:
            for settings, pid in wanted:
                key = settings["host"], settings.get("purpose", "links")
                self._wait_for_the_former(key)
                ours, theirs = socket.socketpair()
                channels.append(ours)
                with theirs:
                    self._pids[key] = _fork_sidecar(settings, pid, theirs)
                begun.append(key)
        except OSError:
            for channel in channels:
                channel.close()
            for key in begun:
                self._end(key)
            raise
        return channels

    def end(self, host: str) -> None:
        """Kill a host's sidecars, if it has any."""
        for key in [key for key in self._pids if key[0] == host]:
            self._end(key)

    def forget(self, pid: int) -> None:
        """A child was buried; it may have been one of these."""
        self._pids = {key: its for key, its in self._pids.items() if its != pid}

    def _end(self, key: _Key) -> None:
        pid = self._pids.pop(key)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def _wait_for_the_former(self, key: _Key) -> None:
        """Its channel may be closed, and it about to end. OSError if it goes on."""
        pid = self._pids.get(key)
        if pid is None:
            return
        descriptor = os.pidfd_open(pid)
        try:
            if not select.select([descriptor], [], [], _ENDS_WITHIN_S)[0]:
                raise OSError(0, f"host {key[0]} is attended already, for its {key[1]}")
        finally:
            os.close(descriptor)
        os.waitpid(pid, 0)
        del self._pids[key]


def _fork_sidecar(settings: dict[str, Any], host: int, channel: socket.socket) -> int:
    return forked(
        partial(_be_beside, settings, host, channel, os.getpid()),
        lambda error: channel.sendall(encode({"ev": "broken", "detail": last_words(error)})),
    )


def _be_beside(settings: dict[str, Any], host: int, channel: socket.socket, supervisor: int) -> None:
    kernel.die_with_parent(supervisor, signal.SIGKILL)
    os.setsid()
    network = os.open(f"/proc/{host}/ns/net", os.O_RDONLY)
    if settings.get("purpose") == "capture":
        _be_capture(settings, network, channel)
    else:
        _be_sidecar(settings, network, channel)


def _be_capture(settings: dict[str, Any], network: int, channel: socket.socket) -> None:
    libraries.go_through_them()
    from labctl.sidecar import capture

    kernel.setns(network, kernel.CLONE_NEWNET)
    keep_only(channel.fileno())
    capture.main(settings, channel.fileno(), channel.fileno(), when_open=kernel.drop_capabilities)


def _be_sidecar(settings: dict[str, Any], network: int, channel: socket.socket) -> None:
    os.environ["PATH"] = _PATH
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
