"""Moments of a story -> rows of its drawing, each with its place and its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from labctl.observe.story import Arrival, Moment, PacketSeen, Story
from labctl.report.drawing import calls as words_of
from labctl.report.drawing.columns import Column
from labctl.report.drawing.rows import Row
from labctl.report.drawing.strace_text import in_quotes
from labctl.report.measures import span_in_words

LONG_UNDER_WAY_NS = 1_000_000
"""A packet that was under way for so long is said to have been."""
_LONGEST_OUTPUT = 80
_LATER_FRAGMENT = re.compile(r"fragment (?!1 )")
_BY_RULE = {"lost": "lost", "refused": "refused", "damaged": "damaged"}


class _Place(NamedTuple):
    """Where the words of a process stand, and whose they are where that doesn't say it."""

    column: int
    who: str
    process: tuple[int, int]
    of_main: bool


class Writer:
    """Makes rows of one story, whose lanes stand in these columns. A moment's lane must be in one of them."""

    def __init__(self, story: Story, columns: tuple[Column, ...]) -> None:
        self._story = story
        self._column_of = {lane: number for number, column in enumerate(columns) for lane in column.lanes}
        self._names = {lane: _name_in(column, lane, story) for column in columns for lane in column.lanes}
        first = sorted(story.calls, key=lambda call: call.begins_ns, reverse=True)
        self._mains = {call.lane: call.pid for call in first} | {end.lane: end.pid for end in story.ends if end.is_main}

    def row(self, moment: Moment) -> Row:
        """The row of a step, of rules, of a signal, an end or an output."""
        match moment.kind:
            case "step":
                return self._step(moment)
            case "rules":
                return self._rules(moment)
            case "signal":
                return self._signal(moment)
            case "end":
                return self._end(moment)
            case _:
                return self._output(moment)

    def call(self, moment: Moment, *, kind: Literal["call", "begin", "return"]) -> Row:
        """The row of a call: all of it, where it begins, or where it returns."""
        call = self._story.calls[moment.of]
        place = self._place(call.lane, call.pid)
        words = {"call": words_of.whole, "begin": words_of.begun, "return": words_of.returned}[kind](call)
        took_ns = None if kind == "begin" or call.ends_ns is None else call.ends_ns - call.begins_ns
        return Row(
            at_ns=moment.at_ns,
            kind=kind,
            words=words,
            full=words_of.traced(call) + (f"  ({call.socket})" if call.socket else ""),
            column=place.column,
            of=moment.of,
            who=place.who,
            process=place.process,
            of_main=place.of_main,
            error=call.error if took_ns is not None else "",
            took_ns=took_ns,
        )

    def packet(
        self,
        moment: Moment,
        arrival: Arrival | None,
        *,
        kind: Literal["packet", "leave", "arrive"],
        number: int = 0,
    ) -> Row:
        """The row of a packet that leaves and arrives (with no arrival: is seen no more), or only one of both."""
        packet = self._story.packets[moment.of]
        source = self._column_of[packet.lane]
        target = None if arrival is None else self._column_of[arrival.lane]
        is_left = kind == "leave"
        under_way = None if is_left or arrival is None or packet.left_ns is None else arrival.at_ns - packet.left_ns
        return Row(
            at_ns=moment.at_ns,
            kind=kind,
            words=packet.words,
            full=_line(packet),
            column=source if is_left or target is None else target,
            of=moment.of,
            arrival=moment.arrival,
            who=self._between(packet.lane, arrival),
            took_ns=under_way,
            source=source,
            target=target,
            fate=None if is_left else "vanished" if arrival is None else arrival.fate,
            note=", ".join(packet.notes if is_left else _notes(packet, arrival, under_way)),
            text="" if _LATER_FRAGMENT.match(packet.words) else packet.text,
            to=packet.to if arrival is None else "",
            number=number,
        )

    def _step(self, moment: Moment) -> Row:
        step = self._story.steps[moment.of]
        return Row(
            at_ns=moment.at_ns,
            kind="step",
            words=step.title,
            full=step.title,
            of=moment.of,
            number=step.number,
            why=step.why,
            verdict=step.verdict,
            complaints=step.complaints,
        )

    def _rules(self, moment: Moment) -> Row:
        seen = self._story.rules[moment.of]
        words = f"at {seen.host}: {'; '.join(seen.rules) or 'everything arrives again as it was sent'}"
        return Row(at_ns=moment.at_ns, kind="rules", words=words, full=words, of=moment.of)

    def _signal(self, moment: Moment) -> Row:
        signal = self._story.signals[moment.of]
        words = f"gets SIG{signal.name}"
        place = self._place(signal.lane, signal.pid)
        return Row(
            at_ns=moment.at_ns,
            kind="signal",
            words=words,
            full=f"{words} {signal.detail}",
            of=moment.of,
            **place._asdict(),
        )

    def _end(self, moment: Moment) -> Row:
        end = self._story.ends[moment.of]
        words = f"ends: {end.ending}"
        place = self._place(end.lane, end.pid)._replace(of_main=end.is_main)
        return Row(
            at_ns=moment.at_ns,
            kind="end",
            words=words,
            full=f"process {end.pid} {words}",
            of=moment.of,
            **place._asdict(),
        )

    def _output(self, moment: Moment) -> Row:
        output = self._story.outputs[moment.of]
        how = "prints" if output.stream == "stdout" else f"prints on {output.stream}"
        return Row(
            at_ns=moment.at_ns,
            kind="output",
            words=f"{how} {in_quotes(output.text, longest=_LONGEST_OUTPUT)}",
            full=f"{how} {in_quotes(output.text, longest=len(output.text))}",
            column=self._column_of[output.lane],
            of=moment.of,
            who=self._names[output.lane],
            text=output.text,
        )

    def _place(self, lane: int, pid: int) -> _Place:
        main = self._mains.get(lane, pid)
        whose = (self._names[lane], "" if pid == main else f"child {pid}")
        return _Place(self._column_of[lane], ", ".join(filter(None, whose)), (lane, pid), pid == main)

    def _between(self, sender: int, arrival: Arrival | None) -> str:
        """The ends of a packet that are in a folded column."""
        ends = (self._names[sender], self._names[arrival.lane] if arrival is not None else "")
        return " → ".join(filter(None, ends))


def _name_in(column: Column, lane: int, story: Story) -> str:
    """What tells a lane from the others of its column: its host, its program, or both; empty if it is alone."""
    if not column.is_folded:
        return ""
    its = story.lanes[lane]
    others = [story.lanes[number] for number in column.lanes]
    program = its.program or "kernel"
    if len({other.program for other in others}) == len(others):
        return program
    if len({other.host for other in others}) == len(others):
        return its.host
    return f"{program} on {its.host}"


def _line(packet: PacketSeen) -> str:
    """All that is known of a packet, on a line."""
    notes = f"  ({', '.join(packet.notes)})" if packet.notes else ""
    return f"{packet.detail}{notes}" + (f"  {packet.text}" if packet.text else "")


def _notes(packet: PacketSeen, arrival: Arrival | None, under_way: int | None) -> Iterator[str]:
    """What is out of the ordinary about a packet and this arrival of it."""
    if arrival is None:
        yield "seen nowhere else"
    else:
        by = f" by {arrival.rule}" if arrival.rule else ""
        if arrival.fate == "late":
            yield f"{span_in_words(arrival.at_ns - arrival.came_ns)} late{by}"
        elif arrival.fate in _BY_RULE:
            yield f"{_BY_RULE[arrival.fate]}{by}"
        elif under_way is not None and under_way >= LONG_UNDER_WAY_NS:
            yield f"{span_in_words(under_way)} under way"
        if packet.left_ns is None:
            yield "nobody saw it leave"
        if arrival.copies > 1:
            times = "twice" if arrival.copies == 2 else f"{arrival.copies} times"
            yield f"came {times}{by if arrival.fate == 'arrived' else ''}"
    yield from packet.notes
