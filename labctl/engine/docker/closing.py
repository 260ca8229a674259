"""A lab's bridges on the daemon's machine -> closed before any program runs, and seen to be; else the lab is not run.

Nothing in Docker's own options does it: an internal network without an address of the machine's still brings it every
broadcast, and whatever is sent there by the number of an interface instead of a route.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

from labctl.agent import walls
from labctl.agent.boot import COMMAND, WALL, bundle
from labctl.engine.contract import EngineError
from labctl.engine.docker.attending import demand_image
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.daemon import Daemon
from labctl.engine.shortage import shortage_of
from labctl.engine.trial import first_word
from labctl.plan.image import SIDECAR_IMAGE

_MEND = "remove what gave it that address or setting, and run again; `labctl doctor` shows the daemon"


class Closing:
    """The closing of all bridges of a lab, beside everything else that a lab's coming up waits for."""

    def __init__(self, daemon: Daemon, labels: Mapping[str, str], bridges: Sequence[str]) -> None:
        self._daemon, self._labels, self._bridges = daemon, labels, bridges
        self._is_closed = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """The bridges are there. Called more than once it is begun once."""
        if self._thread is None:
            thread = threading.Thread(target=self._close, daemon=True)
            thread.start()
            self._thread = thread

    def end(self) -> None:
        """Wait for it. EngineError where the lab has a way out, or where that can't be told."""
        self.wait()
        if self._error is not None:
            raise shortage_of(self._error) or self._error
        if not self._is_closed:
            raise EngineError("nobody has closed the lab, so it is not run")

    def wait(self) -> None:
        """Return when nothing is done about it any more."""
        if self._thread is not None:
            self._thread.join()

    def _close(self) -> None:
        try:
            demand_closed(closed(self._daemon, self._labels, self._bridges))
            self._is_closed = True
        except Exception as error:  # all: whatever kept it from being closed, the lab is not run
            self._error = error


def demand_closed(holes: list[str]) -> None:
    """EngineError with what is open."""
    if holes:
        raise EngineError(f"the lab has a way out, so it is not run: {'; '.join(holes)}", hint=_MEND)


def closed(daemon: Daemon, labels: Mapping[str, str], bridges: Sequence[str]) -> list[str]:
    """Close them; what is open still. From here where they are this machine's and we may, else from beside them."""
    try:
        for bridge in bridges:
            walls.close(bridge)
    except OSError:  # it is not here, or not ours to close
        return _closed_beside(daemon, labels, bridges)
    return [hole for bridge in bridges for hole in walls.holes(bridge)]


def _closed_beside(daemon: Daemon, labels: Mapping[str, str], bridges: Sequence[str]) -> list[str]:
    """The same from a container that shares the network of the daemon's machine."""
    demand_image(daemon)
    with ExitStack() as undo:
        container = daemon.create_sidecar(
            SIDECAR_IMAGE, COMMAND, rights=["NET_ADMIN"], labels=labels, network="host", sets_sysctls=True
        )
        undo.callback(daemon.remove_container, container)
        stream = daemon.attach(container)
        if stream is None:
            raise EngineError("the container that was to close the lab was removed before it started")
        channel = DockerChannel(stream)
        undo.callback(channel.close)
        daemon.start(container)
        with suppress(BrokenPipeError):  # it has ended; what it said before that tells more
            channel.send(bundle({"bridges": list(bridges)}, entry=WALL))
        words = first_word(channel)
        if words.get("ev") != "looked":
            why = words.get("detail") or channel.stderr or "nothing was said"
            raise EngineError(f"the lab could not be closed: {why}")
        return list(words["holes"])
