"""The lines of a journal -> what they tell, each thing at its time on the one clock that packets and calls have too.

Times of a journal are CLOCK_MONOTONIC; those of captures and traces CLOCK_REALTIME. Each host told how far the two are
apart there (`offset_ns` of its hello); of labctl's own each line tells it (`wall`). Pure.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from labctl.observe.records import Line

_LINKS = "links of "
_CAPTURE = "capture of "


class ProgramRan(Struct, frozen=True, kw_only=True):
    """A program, by its key. `pid` is the host's number for it; `ending` is empty where its end was not told."""

    key: str
    name: str
    host: str
    words: tuple[str, ...]
    pid: int
    at_ns: int
    ended_ns: int | None = None
    ending: str = ""


class Printed(Struct, frozen=True):
    """What a program printed."""

    key: str
    at_ns: int
    stream: str
    text: str


class StepTold(Struct, frozen=True, kw_only=True):
    """A step as the journal has it."""

    number: int
    title: str
    why: str
    began_ns: int
    ended_ns: int | None = None
    verdict: str = ""
    complaints: tuple[str, ...] = ()


class RuleTold(Struct, frozen=True, kw_only=True):
    """A rule in force. `words` say it as a scenario does; `answer` is how it refuses, or empty.

    `visible`: its damage reaches the program, for no kernel can find it.
    """

    name: str
    words: str
    fault: str
    answer: str
    senders: tuple[str, ...]
    fragments: bool
    protocol: int | None
    port: int | None
    visible: bool


class InForce(Struct, frozen=True):
    """From then on these rules, and no others, where a host receives."""

    host: str
    at_ns: int
    rules: tuple[RuleTold, ...]


class Decided(Struct, frozen=True, kw_only=True):
    """What a rule did to a packet at a receiver. `release_ns`: when it went on (0: never, or not known then).

    The packet is the `same`-th with this sender, protocol, ports, sequence number and length (0: not counted).
    """

    host: str
    rule: str
    sender: str
    action: str
    at_ns: int
    release_ns: int
    protocol: int
    source_port: int
    port: int
    sequence: int
    length: int
    same: int


class Chronicle(Struct, frozen=True, kw_only=True):
    """All that a journal tells."""

    id: str = ""
    engine: str = ""
    verdict: str = ""
    reason: str = ""
    about: str = ""
    programs: tuple[ProgramRan, ...] = ()
    printed: tuple[Printed, ...] = ()
    steps: tuple[StepTold, ...] = ()
    in_force: tuple[InForce, ...] = ()
    decided: tuple[Decided, ...] = ()
    halted: tuple[tuple[str, int], ...] = ()
    problems: tuple[str, ...] = ()


def chronicle(lines: Iterable[Line]) -> Chronicle:
    """What the lines tell. Lines that lack what they should say are told as a problem."""
    return _Reader().read(lines)


class _Reader:
    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}
        self._words: dict[str, str] = {}
        self._programs: dict[str, ProgramRan] = {}
        self._ends: dict[str, tuple[int, str]] = {}
        self._printed: list[Printed] = []
        self._steps: dict[int, StepTold] = {}
        self._in_force: list[InForce] = []
        self._decided: list[Decided] = []
        self._halted: list[tuple[str, int]] = []
        self._problems: list[str] = []
        self._readers = {
            "scenario-began": self._began,
            "hello": self._hello,
            "started": self._started,
            "output": self._output,
            "ended": self._ended,
            "step-began": self._step_began,
            "step-ended": self._step_ended,
            "rules": self._rules,
            "decided": self._decisions,
            "halted": self._halt,
            "lab-broke": lambda line: self._problems.append(f"the lab broke: {line['reason']}"),
            "not-recorded": lambda line: self._problems.append(line["reason"]),
            "scenario-ended": self._scenario_ended,
        }

    def read(self, lines: Iterable[Line]) -> Chronicle:
        for line in lines:
            reader = self._readers.get(line["event"])
            if reader is None:
                continue
            try:
                reader(line)
            except (KeyError, TypeError, ValueError, IndexError):
                self._problems.append(f"the journal's line about '{line['event']}' says too little")
        programs = [self._with_end(program) for program in self._programs.values()]
        return Chronicle(
            programs=tuple(programs),
            printed=tuple(self._printed),
            steps=tuple(self._steps[number] for number in sorted(self._steps)),
            in_force=tuple(self._in_force),
            decided=tuple(self._decided),
            halted=tuple(self._halted),
            problems=tuple(dict.fromkeys(self._problems)),
            **self._words,
        )

    def _with_end(self, program: ProgramRan) -> ProgramRan:
        if program.key not in self._ends:
            return program
        ended_ns, ending = self._ends[program.key]
        return replace(program, ended_ns=ended_ns, ending=ending)

    def _here(self, line: Line) -> int:
        """When labctl itself wrote the line."""
        return round(float(line["wall"]) * 1e9)

    def _there(self, line: Line, ns: int | None = None) -> int:
        """When it was so on the line's host."""
        when = int(line["t"] if ns is None else ns)
        host = line["host"].removeprefix(_LINKS)
        return when + self._offsets.get(host, self._here(line) - int(line["t"]))

    def _began(self, line: Line) -> None:
        self._words |= {"id": str(line["id"]), "engine": str(line["engine"]), "about": str(line.get("about", ""))}

    def _scenario_ended(self, line: Line) -> None:
        self._words |= {"verdict": str(line["verdict"]), "reason": str(line["reason"])}

    def _hello(self, line: Line) -> None:
        if "offset_ns" in line:
            self._offsets[line["host"].removeprefix(_CAPTURE)] = int(line["offset_ns"])

    def _started(self, line: Line) -> None:
        key = line["program"]
        self._programs[key] = ProgramRan(
            key=key,
            name=key.rpartition("#")[0],
            host=line["host"],
            words=tuple(line["words"]),
            pid=int(line["pid"]),
            at_ns=self._there(line),
        )

    def _output(self, line: Line) -> None:
        self._printed.append(Printed(line["program"], self._there(line), line["stream"], line["text"]))

    def _ended(self, line: Line) -> None:
        number = line["signal"]
        ending = f"exit {line['status']}" if number is None else f"signal {_signal_name(number)}"
        self._ends[line["program"]] = (self._there(line), ending)

    def _step_began(self, line: Line) -> None:
        number = int(line["number"])
        self._steps[number] = StepTold(
            number=number, title=line["title"], why=line.get("why") or "", began_ns=self._here(line)
        )

    def _step_ended(self, line: Line) -> None:
        """Told again where the record of a step was judged later: the last word counts, the first end's time."""
        step = self._steps[int(line["number"])]
        ended_ns = self._here(line) if step.ended_ns is None else step.ended_ns
        self._steps[step.number] = replace(
            step, ended_ns=ended_ns, verdict=line["verdict"], complaints=tuple(line["complaints"])
        )

    def _rules(self, line: Line) -> None:
        self._in_force.append(InForce(line["host"], self._there(line), tuple(map(_rule, line["rules"]))))

    def _decisions(self, line: Line) -> None:
        host = line["host"].removeprefix(_LINKS)
        for row in line["rows"]:
            rule, sender, _, action, at_ns, release_ns, protocol, source_port, port, sequence, length, same = row
            self._decided.append(
                Decided(
                    host=host,
                    rule=rule,
                    sender=sender,
                    action=action,
                    at_ns=self._there(line, at_ns),
                    release_ns=self._there(line, release_ns) if release_ns else 0,
                    protocol=protocol,
                    source_port=source_port,
                    port=port,
                    sequence=sequence,
                    length=length,
                    same=same,
                )
            )

    def _halt(self, line: Line) -> None:
        self._halted.append((line["host"], self._here(line)))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:  # a real-time signal has no name
        return str(number)


def _rule(values: Mapping[str, Any]) -> RuleTold:
    return RuleTold(
        name=values["name"],
        words=values["words"],
        fault=values["fault"],
        answer=values["answer"],
        senders=tuple(values["senders"]),
        fragments=bool(values["fragments"]),
        protocol=values["protocol"],
        port=values["port"],
        visible=bool(values["visible"]),
    )
