"""A program on a host as labctl knows it: what it was started as, what it printed, how it ended."""

from __future__ import annotations

import re
import signal

from labctl.check.ends import Ended
from labctl.scenario.model import Output


class Program:
    """Filled by the conversation as the agent's frames come. Times are CLOCK_MONOTONIC nanoseconds of the host.

    `origin`: where it is from, if it is somebody's own and took the place of the lab's; `shown` is the command as the
    scenario has it. `is_lenient`: it is held to what it does, and not to how the lab's program says it.
    """

    def __init__(
        self,
        *,
        name: str,
        host: str,
        number: int,
        command: tuple[str, ...],
        key: str,
        shown: tuple[str, ...] = (),
        origin: str = "",
        is_lenient: bool = False,
    ) -> None:
        self.name, self.host, self.number = name, host, number
        self.command = command
        self.shown = shown or command
        self.origin, self.is_lenient = origin, is_lenient
        self.key = key
        self.printed = {"stdout": bytearray(), "stderr": bytearray()}
        self.is_cut = False
        self.pid = 0  # the host's own number for it
        self.started_ns = 0
        self.ended_ns = 0
        self.status: int | None = None
        self.signal: int | None = None
        self.has_ended = False
        self.is_gone = False
        self.is_lost = False  # with its host, which was halted: nothing more is heard of it
        self.limit = ""
        self.doing: tuple[str, ...] = ()
        self._seen = {"stdout": 0, "stderr": 0}

    def as_ended(self) -> Ended:
        """How it ended, for judging. Call when `has_ended`."""
        return Ended(
            status=self.status,
            signal=None if self.signal is None else signal_name(self.signal),
            stdout=bytes(self.printed["stdout"]),
            stderr=bytes(self.printed["stderr"]),
            took_s=(self.ended_ns - self.started_ns) / 1e9,
            name=self.name,
        )

    @property
    def ending(self) -> str:
        """`exit 0`, `signal KILL`, `still running` or `lost with its host`."""
        if self.is_lost and not self.has_ended:
            return "lost with its host"
        if not self.has_ended:
            return "still running"
        if self.signal is not None:
            return f"signal {signal_name(self.signal)}"
        return f"exit {self.status}"

    def take_output(self, wanted: Output) -> bool:
        """Whether the wanted text is newly on the screen; then the place of the match is passed for good."""
        for stream, printed in self.printed.items():
            end = _found(wanted, printed, self._seen[stream])
            if end is not None:
                self._seen[stream] = end
                return True
        return False

    def unmatched_output(self) -> bytes:
        """What is on the screen since the last match."""
        return b"".join(bytes(printed[self._seen[stream] :]) for stream, printed in self.printed.items())


def _found(wanted: Output, printed: bytearray, start: int) -> int | None:
    """The byte after the match, None where there is none."""
    if wanted.text is not None:
        part = wanted.text.encode()
        at = printed.find(part, start)
        return None if at < 0 else at + len(part)
    assert wanted.matches is not None
    text = printed[start:].decode("utf-8", "surrogateescape")
    found = re.search(wanted.matches, text, re.MULTILINE)
    if found is None:
        return None
    return start + len(text[: found.end()].encode("utf-8", "surrogateescape"))


def signal_name(number: int) -> str:
    """`KILL` for 9; the number itself for one without a name (real-time signals)."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return str(number)
