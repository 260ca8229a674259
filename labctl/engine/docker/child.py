"""A command -> a child whose end can be waited for together with other descriptors, and that can be ended."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ENDS_WITHIN_S = 5.0


class Child:
    """A running command, in a session of its own: Ctrl-C in the terminal is labctl's to handle, not its.

    Its descriptor becomes readable at its end (it and its children hold the other end of a pipe), on every
    POSIX system, and without the naps of subprocess's own waiting.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        output: Path,
        holds: Sequence[int] = (),
    ) -> None:
        """`holds`: descriptors of this process that it and its children keep open as long as one of them lives."""
        self._end, held = os.pipe()
        try:
            with output.open("ab") as printed:
                self._process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=printed,
                    env=environment,
                    cwd=folder,
                    pass_fds=[held, *holds],
                    start_new_session=True,
                )
        except OSError:
            os.close(self._end)
            raise
        finally:
            os.close(held)

    def fileno(self) -> int:
        return self._end

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Its exit status once it has ended, None if it has not after so long."""
        if self._process.poll() is None:
            poller = select.poll()
            poller.register(self, select.POLLIN | select.POLLHUP)
            if not poller.poll(seconds * 1000):
                return None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_WITHIN_S)  # the pipe ends a moment before the process
        return self._process.poll()

    def end(self) -> None:
        """End it and what it started, however it takes it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)  # it leads its session, hence its group
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDS_WITHIN_S)

    def close(self) -> None:
        """Let go of the descriptor. May be called twice."""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1
