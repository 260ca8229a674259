"""A run's record by hand: programs with what strace would write of them, frames, and what the journal says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labctl.observe.join import joined
from labctl.observe.pcapng import Frame, block, opening
from labctl.observe.records import Line, Records
from labctl.observe.story import Story
from tests.unit.observe.network.recorded import INTERFACES, MS
from tests.unit.observe.packets import CLIENT, CLIENT_MAC, SERVER, SERVER_MAC

_HOSTS = (("cheerios", SERVER, SERVER_MAC), ("client", CLIENT, CLIENT_MAC))


class Run:
    """Takes down what happened, in milliseconds since CLOCK_REALTIME was 0; both clocks are the same here."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._texts: dict[str, list[str]] = {}
        self._frames: list[Frame] = []
        self._say("scenario-began", 0, id="run", engine="netns", about="")
        self._say("step-began", 0, number=1, title="talk", why="")

    def program(self, name: str, host: str, *, at_ms: float = 0, ended_ms: float | None = None) -> str:
        """A program that was started; its key, and the pid of its traces: 10, 20 and so on."""
        key = f"{name}#{len(self._texts) + 1}"
        self._texts[key] = []
        pid = 10 * len(self._texts)
        self._say("started", at_ms, program=key, host=host, words=[name], pid=pid)
        if ended_ms is not None:
            self._say("ended", ended_ms, program=key, host=host, status=0, signal=None)
        return key

    def call(self, key: str, at_ms: float, text: str, took_ms: float = 0.01, *, child: int = 0) -> None:
        """A call as strace writes it, `name(arguments) = result`; of the program, or of a child of so many."""
        pid = 10 * (list(self._texts).index(key) + 1) + child
        self._texts[key].append(f"{pid}     {at_ms / 1000:.9f} {text} <{took_ms / 1000:.9f}>\n")

    def killed(self, key: str, at_ms: float) -> None:
        """The program is killed, as strace tells it."""
        pid = 10 * (list(self._texts).index(key) + 1)
        self._texts[key].append(f"{pid}     {at_ms / 1000:.9f} +++ killed by SIGKILL +++\n")

    def halted(self, host: str, at_ms: float) -> None:
        """The power of a host is cut."""
        self._say("halted", at_ms, host=host)

    def frames(self, frames: Sequence[Frame]) -> None:
        """What hosts recorded."""
        self._frames += frames

    def got(self, key: str, at_ms: float, name: str) -> None:
        """The program gets a signal, as strace tells it."""
        pid = 10 * (list(self._texts).index(key) + 1)
        words = f"--- SIG{name} {{si_signo=SIG{name}, si_code=SI_USER, si_pid=1, si_uid=0}} ---"
        self._texts[key].append(f"{pid}     {at_ms / 1000:.9f} {words}\n")

    def stopped(self, key: str, at_ms: float) -> None:
        """The program is stopped, as strace tells it: in two lines."""
        pid = 10 * (list(self._texts).index(key) + 1)
        self.got(key, at_ms, "STOP")
        self._texts[key].append(f"{pid}     {(at_ms + 0.05) / 1000:.9f} --- stopped by SIGSTOP ---\n")

    def traced(self, key: str, text: str) -> None:
        """There is a trace of a program that the journal may not have."""
        self._texts[key] = [text]

    def rule(self, at_ms: float, words: str, *rows: list[Any], visible: bool = False) -> None:  # Any: JSON's own types
        """A rule about what the client sends is in force at cheerios, and what it decided (rows of the journal)."""
        rule = {"name": "r", "words": words, "fault": "drop", "answer": "", "senders": ["client"]}
        self._say(
            "rules",
            at_ms,
            host="cheerios",
            rules=[{**rule, "fragments": False, "protocol": None, "port": None, "visible": visible}],
        )
        self._say("decided", at_ms, host="links of cheerios", rows=list(rows))

    def story(self) -> Story:
        """What it comes to."""
        frames = sorted(self._frames, key=lambda frame: frame.t_ns)
        hosts = [{"name": name, "address4": address, "address6": None, "mac": mac} for name, address, mac in _HOSTS]
        return joined(
            Records(
                lines=tuple(self._lines),
                plan={"hosts": hosts, "absent": []},
                capture=opening(INTERFACES) + b"".join(map(block, frames)),
                traces={key: "".join(lines).encode() for key, lines in self._texts.items()},
                text="",
                problems=(),
            )
        )

    def _say(self, event: str, at_ms: float, **words: Any) -> None:  # Any: JSON's own types
        self._lines.append({"event": event, "t": round(at_ms * MS), "wall": at_ms / 1000, **words})


def tied(story: Story, name: str) -> list[list[str]]:
    """The packets that each call of that name has to do with, in words."""
    return [[story.packets[number].words for number in call.packets] for call in story.calls if call.name == name]


def programs(story: Story) -> list[tuple[str, str]]:
    """Of each packet that came: whose it was, and whose it became; a host in brackets for its kernel."""
    lanes = [lane.program or f"({lane.host})" for lane in story.lanes]
    return [(lanes[packet.lane], lanes[packet.arrivals[0].lane]) for packet in story.packets if packet.arrivals]
