"""Drawings and topologies -> Mermaid, the text that GitHub draws: a sequence diagram, a flowchart."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.report.drawing import Drawing, Row
from labctl.report.drawing.columns import what_runs
from labctl.report.topology import Change, Topology
from labctl.scenario.problems import printable

MOST_ROWS = 300
"""More can't be read as a picture."""
MOST_CHARACTERS = 45_000
"""Mermaid refuses texts of more than 50,000 characters (`maxTextSize`)."""

_LONGEST = 100
_ESCAPED = {"#": "#35;", ";": "#59;", "<": "#60;", ">": "#62;", "&": "#38;", '"': "#34;", "`": "#96;"}
_ESCAPES = str.maketrans(_ESCAPED | {"{": "#123;", "}": "#125;", "[": "#91;", "]": "#93;", "|": "#124;", "%": "#37;"})


def sequence(drawing: Drawing) -> Iterator[str]:
    """A sequence diagram: columns as participants, packets as arrows, lost ones with a cross, all else as notes.

    What is more than MOST_ROWS or MOST_CHARACTERS is left out, which a last note says.
    """
    yield "sequenceDiagram"
    if not drawing.columns:
        return
    for number, column in enumerate(drawing.columns):
        yield f"    participant c{number} as {_text(f'{column.host}: {what_runs(column)}')}"
    across = "c0" if len(drawing.columns) == 1 else f"c0,c{len(drawing.columns) - 1}"
    size = 0
    for told, row in enumerate(drawing.rows):
        line = f"    {_row(row, across)}"
        size += len(line)
        if told == MOST_ROWS or size > MOST_CHARACTERS:
            yield f"    Note over {across}: {len(drawing.rows) - told} more rows are left out"
            return
        yield line


def flowchart(it: Topology) -> Iterator[str]:
    """A flowchart: hosts with their addresses around their network, and an arrow for each step that changes a link."""
    yield "flowchart TD"
    is_open = ["open to other networks"] if it.is_open else []
    if not it.wires:
        networks = "<br/>".join(map(_text, (*it.networks, *is_open)))
        yield f'    net(["{networks}"])'
    for number, wire in enumerate(it.wires):
        told = "<br/>".join(map(_text, (wire.name, *wire.subnets, *is_open)))
        yield f'    net{number}(["{told}"])'
    if it.wires and any(None in (change.sender, change.receiver) for change in it.changes):
        yield '    net(["any host"])'
    for number, place in enumerate(it.places):
        texts = (place.name, *place.addresses, *(["no machine"] if place.is_absent else []))
        yield f'    h{number}["{"<br/>".join(map(_text, texts))}"]'
        for net in [f"net{one}" for one in place.on] or ["net"]:
            yield f"    h{number} {'-.-' if place.is_absent else '---'} {net}"
    for change in it.changes:
        yield f"    {_change(change)}"


def _row(row: Row, across: str) -> str:
    if row.kind in ("packet", "arrive") and row.source is not None and row.target is not None:
        arrow = "-x" if row.fate in ("lost", "refused") else "-->>" if row.kind == "arrive" else "->>"
        return f"c{row.source}{arrow}c{row.target}: {_text(_packet(row))}"
    if row.kind == "step":
        return f"Note over {across}: {row.number}. {_text(row.words)}"
    place = across if row.column is None else f"c{row.column}"
    if row.kind in ("leave", "packet"):
        return f"Note over {place}: {_text(_packet(row))}{' leaves' if row.kind == 'leave' else ''}"
    return f"Note over {place}: {_text(f'{row.who}: {row.words}' if row.who else row.words)}"


def _packet(row: Row) -> str:
    parts = [row.words, f"no. {row.number}" if row.number else "", f'"{row.text}"' if row.text else ""]
    beside = ", ".join(filter(None, (row.who, f"for {row.to}" if row.to else "", row.note)))
    return " ".join(filter(None, parts)) + (f" ({beside})" if beside else "")


def _change(change: Change) -> str:
    label = f'"step {change.step}: {_text(change.words)}"'
    sender = "net" if change.sender is None else f"h{change.sender}"
    receiver = "net" if change.receiver is None else f"h{change.receiver}"
    return f"{sender} {'<' if change.both else ''}-. {label} .-> {receiver}"


def _text(text: str) -> str:
    """A text that Mermaid and the page around it show as it is, on one line, cut where it is very long."""
    shown = printable(text.replace("\t", "\\t"))
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST - 1]}…"
    return shown.translate(_ESCAPES)
