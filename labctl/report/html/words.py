"""A line of the sheet -> what is written at it, and how high that makes it."""

from __future__ import annotations

from msgspec import Struct

from labctl.report.drawing import Row
from labctl.report.html.safe import clipped, flowing, lines_of, width, wrapped
from labctl.scenario.problems import printable

BESIDE = 38
"""So many places of the small fixed-width font fit beside a lane."""
ACROSS = 100
_BUBBLE = 35
_PLACE = 7.25
"""Pixels of a place of the font that page.css gives these words, the widest that a system may bring."""
_HEIGHTS = {"step": 32, "rules": 24, "gap": 22, "packet": 30, "leave": 26, "arrive": 26}
_HEIGHT = 22
_NEXT = 14
_MOST_WHY = 4
_MOST_PRINTED = 4


class Written(Struct, frozen=True):
    """`label` is what is read first, `more` what stands under it, or at a packet's end. Not yet marked up.

    `quoted` follows the label: the beginning of a payload. `box` is how wide the box around the words is, if there is
    one. Height and box are in pixels.
    """

    label: str
    more: tuple[str, ...] = ()
    quoted: str = ""
    height: int = _HEIGHT
    box: int = 0


def written(row: Row) -> Written:
    """The words of a row, cut where they find no place; escapes written out."""
    height = _HEIGHTS.get(row.kind, _HEIGHT)
    match row.kind:
        case "step":
            why = wrapped(" ".join(flowing(row.why).split("\n")), ACROSS, lines=_MOST_WHY) if row.why.strip() else []
            wrong = [line for text in row.complaints for line in wrapped(text, ACROSS, lines=2)]
            more = (*why, *(f"✗ {line}" for line in wrong[:_MOST_WHY]))
            return Written(clipped(printable(row.words), ACROSS), more, height=height + (_NEXT + 1) * len(more))
        case "rules" | "gap":
            label, *more_lines = wrapped(row.words, ACROSS, lines=2)
            return Written(label, tuple(more_lines), height=height + _NEXT * len(more_lines))
        case "packet" | "leave" | "arrive":
            return _packet(row, height)
        case "output":
            lines = row.text.removesuffix("\n").count("\n") + 1
            shown = _MOST_PRINTED if lines <= _MOST_PRINTED else _MOST_PRINTED - 1
            printed = [clipped(line, _BUBBLE) for line in lines_of("\n".join(row.text.split("\n", shown)[:shown]))]
            printed += [f"… {lines - shown} more lines"] if lines > shown else []
            label, *rest = [*_whose(row), *(line if line.strip() else "⏎" for line in printed)]
            box = round(_PLACE * max(map(width, (label, *rest)))) + 16
            return Written(label, tuple(rest), height=_HEIGHT + 8 + _NEXT * len(rest), box=box)
        case _:
            label, *more_lines = wrapped(_with_owner(row, row.words), BESIDE, lines=2)
            return Written(label, tuple(more_lines), height=height + _NEXT * len(more_lines))


def _packet(row: Row, height: int) -> Written:
    note = ", ".join(filter(None, (f"for {row.to}" if row.to else "", row.note)))
    notes = wrapped(note, BESIDE - 2, lines=2) if note else []
    label = clipped(printable(_with_owner(row, row.words)), BESIDE)
    room = BESIDE - width(label) - 3
    quoted = clipped(printable(row.text), room) if row.text and room > 2 and row.kind != "arrive" else ""
    if notes:
        notes[0] = f"{_mark(row)} {notes[0]}"
    return Written(label, tuple(notes), quoted, height + _NEXT * max(0, len(notes) - (row.kind != "arrive")))


def _mark(row: Row) -> str:
    """What a reader sees who sees no colours."""
    if row.fate in ("lost", "refused", "vanished"):
        return "✗"
    if row.fate == "late":
        return "◷"
    if row.fate == "damaged":
        return "≈"
    if row.note.startswith("came "):
        return "»"
    return "↻" if "retransmission" in row.note else "!"


def _with_owner(row: Row, words: str) -> str:
    return f"{row.who}: {words}" if row.who else words


def _whose(row: Row) -> list[str]:
    names = [name for name in (row.who, "stderr" if row.words.startswith("prints on stderr") else "") if name]
    return [clipped(printable(" ".join(names)) + ":", _BUBBLE)] if names else []
