"""A journal's lines -> what programs printed, a line each with its time, program and stream; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec import Struct

from labctl.report.look import Look
from labctl.report.visible import visible_line

JournalLine = dict[str, Any]  # Any: JSON's own types
STREAMS = ("stdout", "stderr")
MOST_OF_A_PIECE = 64 * 1024
"""A journal keeps so many bytes of what came at once (labctl.runner.records)."""


class Wanted(Struct, frozen=True):
    """Whose output is asked for: programs by their names, hosts, streams; empty: all."""

    programs: Collection[str] = ()
    hosts: Collection[str] = ()
    streams: Collection[str] = ()

    def takes(self, line: JournalLine) -> bool:
        """Whether a line of the journal is about such a program and stream."""
        name = str(line["program"]).rpartition("#")[0] or str(line["program"])
        return (
            (not self.programs or name in self.programs)
            and (not self.hosts or line["host"] in self.hosts)
            and (not self.streams or line.get("stream") in self.streams)
        )


class Logs:
    """Tells what programs print, line by line. A line that has no end yet is told when its program's is."""

    def __init__(self, wanted: Wanted, look: Look) -> None:
        self._wanted, self._look = wanted, look
        self._zero_s: float | None = None
        self._unended: dict[tuple[str, str], tuple[JournalLine, bytes]] = {}

    def lines(self, line: JournalLine) -> Iterator[str]:
        """What a line of the journal tells, without newlines at the ends."""
        if self._zero_s is None:
            self._zero_s = float(line["wall"])  # labctl's own clock: hosts may have others
        match line.get("event"):
            case "output" if self._wanted.takes(line):
                yield from self._output(line)
            case "cut" if self._wanted.takes(line):
                yield self._told(line, "… what came after this was not kept", is_note=True)
            case "ended" | "gone":
                yield from self._rest(line["program"])
            case "scenario-ended":
                yield from self.rest()

    def rest(self) -> Iterator[str]:
        """Lines that never ended."""
        for program, _ in list(self._unended):
            yield from self._rest(program)

    def _output(self, line: JournalLine) -> Iterator[str]:
        place = (line["program"], line["stream"])
        first, begun = self._unended.pop(place, (line, b""))
        *whole, rest = (begun + line["text"].encode()).split(b"\n")
        for number, text in enumerate(whole):
            yield self._told(line if number else first, visible_line(text))
        missing = int(line["size"]) - MOST_OF_A_PIECE
        if missing > 0:
            yield self._told(line, f"… {missing} bytes more came here", is_note=True)
        if rest:
            self._unended[place] = (line if whole else first, rest)

    def _rest(self, program: str) -> Iterator[str]:
        for stream in STREAMS:
            line, text = self._unended.pop((program, stream), ({}, b""))
            if line:
                yield self._told(line, visible_line(text))

    def _told(self, line: JournalLine, text: str, *, is_note: bool = False) -> str:
        at_s = float(line["wall"]) - (self._zero_s or 0)
        name = str(line["program"]).rpartition("#")[0] or str(line["program"])
        whose = f"{visible_line(name.encode())} on {line['host']}"
        stream = self._look.paint(f"{line.get('stream', ''):<6}", *(("red",) if line.get("stream") == "stderr" else ()))
        shown = self._look.paint(text, "dim") if is_note else text
        return f"{at_s:8.3f}  {self._look.paint(whose, 'bold')}  {stream} | {shown}".rstrip()


def programs_of(lines: Iterable[JournalLine]) -> dict[str, str]:
    """The programs of a run by their names, each with its host."""
    started = (line for line in lines if line.get("event") == "started")
    return {str(line["program"]).rpartition("#")[0]: str(line["host"]) for line in started}


def raw(lines: Iterable[JournalLine], wanted: Wanted) -> Iterator[str]:
    """What was printed and nothing else, as the journal has it: other bytes than UTF-8 as `\\xNN`."""
    for line in lines:
        if line.get("event") == "output" and wanted.takes(line):
            yield line["text"]
