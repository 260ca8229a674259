"""A row -> its words and colours in a terminal's ladder, whichever way its lanes are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.report.drawing import Column, Row
from labctl.report.ladder.canvas import shown
from labctl.report.look import Look, Style

_ARROWS: dict[str | None, tuple[Style, ...]] = {
    "lost": ("red",),
    "refused": ("red",),
    "vanished": ("red",),
    "damaged": ("yellow",),
    "late": ("yellow",),
}


def words_of(row: Row, look: Look) -> str:
    """What stands beside a lane: `child 4711: read(4) …`."""
    return shown(f"{row.who}: {row.words}" if row.who else row.words, look)


def arrow_words(row: Row, look: Look) -> tuple[str, str]:
    """What a packet is in short, and the same with the beginning of what it carries."""
    number = f" #{row.number}" if row.number else ""
    short = shown(row.words + number, look)
    return short, f'{short} "{shown(row.text, look)}"' if row.text else short


def note_of(row: Row, look: Look) -> str:
    """Whose packet it is, and for whom, where its columns don't say it, and what is out of the ordinary."""
    return shown(", ".join(filter(None, (row.who, f"for {row.to}" if row.to else "", row.note))), look)


def style_of(row: Row) -> tuple[Style, ...]:
    """Its colours: errors and losses red, faults yellow, packets apart from what programs do."""
    if row.kind in ("packet", "leave", "arrive"):
        return _ARROWS.get(row.fate, ("cyan",))
    if row.error or (row.kind == "end" and row.words != "ends: exit 0"):
        return ("red",)
    if row.kind in ("signal", "rules"):
        return ("yellow",)
    return ("green",) if row.kind == "output" else ()


def names_of(columns: Sequence[Column]) -> list[str]:
    """What tells each column from the others in a word or three: its host, its program, or both."""
    hosts = [column.host for column in columns]
    if len(set(hosts)) == len(hosts):
        return hosts
    programs = [column.program or "kernel" for column in columns]
    return [
        program if programs.count(program) == 1 else f"{program} on {host}"
        for program, host in zip(programs, hosts, strict=True)
    ]
