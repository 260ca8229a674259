"""A lab that is about to be made -> watched: should this process die, even by SIGKILL, the lab is removed.

On Docker the kernel takes nothing with it when labctl dies. So there is a process beside it, the watchdog, as long
as it has labs: one for each daemon. It learns of labctl's death by the end of a pipe that only labctl can write to.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

import labctl
from labctl.engine.contract import EngineError
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.watchdog import LIFELINE, NEWS
from labctl.engine.owner import myself

_BOOT = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv[1]); "
    "from labctl.engine.docker.watchdog import main; main()"
)
_NOT_FOR_IT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)
"""What the terminal sends to all. Blocked from birth on, because it takes a moment until they are ignored."""


class Watched:
    """One lab under watch. `lifeline` is held by every process that may be making something of it."""

    def __init__(self, lab: str, watchdog: _Watchdog) -> None:
        self.lifeline = watchdog.lifeline
        self._lab, self._watchdog = lab, watchdog

    def end(self) -> None:
        """The lab is gone. The watchdog goes with the last one. May be called twice."""
        with _guard:
            self._watchdog.forget(self._lab)


class _Watchdog:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._labs: set[str] = set()
        news, self._news = os.pipe()
        lifeline, self.lifeline = os.pipe()
        words = [sys.executable, "-I", "-S", "-c", _BOOT, _package_folder(), _paths(), str(myself())]
        actions = [
            (os.POSIX_SPAWN_DUP2, news, NEWS),
            (os.POSIX_SPAWN_DUP2, lifeline, LIFELINE),
            *((os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)),
        ]
        try:
            self._pid = os.posix_spawn(
                sys.executable, words, endpoint.environment(), file_actions=actions, setsigmask=_NOT_FOR_IT
            )
        except OSError as error:
            self.let_go()
            raise EngineError(f"what looks after labs on Docker can't be started: {error}") from error
        finally:
            os.close(news)
            os.close(lifeline)

    def begin(self, lab: str) -> None:
        """From here on this lab is removed when this process dies."""
        self._labs.add(lab)
        self._tell(f"+{lab}\n")

    def forget(self, lab: str) -> None:
        """It is gone. Without labs there is no watchdog."""
        if lab not in self._labs:
            return
        self._labs.discard(lab)
        self._tell(f"-{lab}\n")
        if not self._labs:
            del _watchdogs[self._endpoint]
            self.let_go()
            with suppress(ChildProcessError):  # whoever waits for any child of this process was quicker
                os.waitpid(self._pid, 0)

    def let_go(self) -> None:
        """Close this process's ends."""
        os.close(self._news)
        os.close(self.lifeline)

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # it was killed; the next run's sweep is left
            os.write(self._news, line.encode())


_watchdogs: dict[Endpoint, _Watchdog] = {}
_guard = threading.RLock()


def watch(lab: str, endpoint: Endpoint) -> Watched:
    """Have a lab looked after that is about to be made. EngineError if that can't be had."""
    _leave_to_the_parent()
    with _guard:
        if endpoint not in _watchdogs:
            _watchdogs[endpoint] = _Watchdog(endpoint)
        watchdog = _watchdogs[endpoint]
        watchdog.begin(lab)
    return Watched(lab, watchdog)


@cache
def _leave_to_the_parent() -> None:
    """A child that this process forks holds none of the pipes, else its parent's death would go unnoticed."""
    os.register_at_fork(after_in_child=_forget_all)


def _forget_all() -> None:
    global _guard
    _guard = threading.RLock()
    for watchdog in _watchdogs.values():
        watchdog.let_go()
    _watchdogs.clear()


def _package_folder() -> str:
    return str(Path(labctl.__file__).parent.parent)


def _paths() -> str:
    return os.pathsep.join(os.path.abspath(path) for path in sys.path)
