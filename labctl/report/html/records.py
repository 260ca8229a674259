"""A sheet -> what the page's script reads when somebody taps, folds or filters: one JSON value, compact.

Lines are columns of numbers, -1 for None. An event is what a line is of: `[full, conversation, ties, notes]`, where
ties are numbers of events (a call's packets; a packet's calls) and what is empty at the end is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from labctl.report.drawing import Row
from labctl.report.html.conversations import Conversations
from labctl.report.html.layout import METRICS
from labctl.report.html.safe import flowing, lines_of, shortened
from labctl.report.html.sheet import Line, Sheet
from labctl.report.html.words import Written
from labctl.scenario.problems import printable

_MOST_SAID = 10_000
_KINDS = {
    "call": "c", "begin": "b", "return": "e", "packet": "p", "leave": "l", "arrive": "a", "step": "s", "rules": "r",
    "gap": "g", "signal": "n", "end": "x", "output": "o",
}  # fmt: skip


def records(sheet: Sheet, texts: Sequence[Written]) -> dict[str, object]:
    """All that the script needs to know of one ladder, in builtin types."""
    lines = sheet.lines
    conversations = Conversations(sheet.story)
    names: dict[str, int] = {"": -1}
    events = list(_events(sheet, conversations, names))
    return {
        "metrics": msgspec.to_builtins(METRICS),
        "kind": "".join(_KINDS[line.row.kind] for line in lines),
        "views": [line.views for line in lines],
        "height": [text.height for text in texts],
        "box": {str(at): text.box for at, text in enumerate(texts) if text.box},
        "lane": [_number(line.lane) for line in lines],
        "source": [_number(line.source) for line in lines],
        "target": [_number(line.target) for line in lines],
        "other": [_number(line.other) for line in lines],
        "slot": [line.slot for line in lines],
        "event": [line.event for line in lines],
        "columns": [list(column.lanes) for column in sheet.columns],
        "seen": {str(lane): views for lane, views in sorted(sheet.views_of.items())},
        "lanes": [printable(f"{lane.program or 'kernel'} on {lane.host}") for lane in sheet.story.lanes],
        "conversations": list(names)[1:],
        "events": events,
    }


def _events(sheet: Sheet, conversations: Conversations, names: dict[str, int]) -> Iterator[list[object]]:
    """Every event once, in order of its first line; `names` takes down the conversations as they come."""
    packet_at = {sheet.lines[at].row.of: number for number, at in enumerate(sheet.events) if _is_packet(sheet, at)}
    calls_of: dict[int, list[int]] = {}
    for number, at in enumerate(sheet.events):
        for packet in _tied(sheet, sheet.lines[at]):
            calls_of.setdefault(packet, []).append(number)
    notes_of: dict[int, list[str]] = {}
    for line in sheet.lines:
        if line.row.note:
            notes_of.setdefault(line.event, []).append(line.row.note)
    for number, at in enumerate(sheet.events):
        line = sheet.lines[at]
        kind = "packet" if _is_packet(sheet, at) else "call"
        name = conversations.of(kind, line.row.of) if line.row.kind in "call begin return packet leave arrive" else ""
        names.setdefault(name, len(names) - 1)
        ties = [packet_at[packet] for packet in _tied(sheet, line) if packet in packet_at]
        if kind == "packet":
            ties = calls_of.get(line.row.of, [])
        record: list[object] = [_full(line.row), names[name], ties, _said(line.row, notes_of.get(number, []))]
        while record[-1] in ([], -1):
            record.pop()
        yield record


def _is_packet(sheet: Sheet, at: int) -> bool:
    return sheet.lines[at].row.kind in ("packet", "leave", "arrive")


def _tied(sheet: Sheet, line: Line) -> tuple[int, ...]:
    return sheet.story.calls[line.row.of].packets if line.row.kind in ("call", "begin", "return") else ()


def _full(row: Row) -> str:
    """All that is known of an event, in lines that hold nothing but what can be seen."""
    return "\n".join(lines_of(shortened(row.text if row.kind == "output" else row.full or row.words, _MOST_SAID)))


def _said(row: Row, notes: list[str]) -> list[str]:
    """What there is to say beside it: a step's note and complaints, what became of a packet."""
    if row.kind == "step":
        return [*filter(None, [flowing(row.why)]), *("\n".join(lines_of(text)) for text in row.complaints)]
    return ["\n".join(lines_of(note)) for note in dict.fromkeys(notes)]


def _number(place: int | None) -> int:
    return -1 if place is None else place
