"""A sheet -> its ladder: SVGs of a hundred lines each, one below the other, and under them one that reaches all along.

A browser lays out and draws only those parts that are in sight. Under them are the lanes, and what reaches from one
part into another. Each line is a group of its own, in order. Compact, since there may be tens of thousands of lines:
attributes without quotes where they hold numbers or our own words; what all lines of a kind have in common is in
page.css.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labctl.observe.story import Story
from labctl.report.drawing.rows import Row
from labctl.report.html.layout import METRICS, Layout, Shape, shape
from labctl.report.html.safe import inside, marked_up
from labctl.report.html.sheet import Line, Sheet
from labctl.report.html.words import Written

_PART = METRICS.part
_ACROSS_X = 78
_CLASSES = {
    "call": "c", "begin": "c", "return": "c", "packet": "p", "leave": "p", "arrive": "p", "step": "s", "rules": "r",
    "gap": "g", "signal": "n", "end": "n", "output": "o",
}  # fmt: skip
_KINDS = {"tcp": "", "udp": "udp", "icmp": "icmp", "arp": "link", "ip": "link", "other": "link"}
_NOTE_Y = {"packet": 23, "leave": 13, "arrive": 27}
_VERDICT_MARKS = {"pass": "✓", "fail": "✗", "unknown": "?", "not run": "·"}


def ladder_svg(sheet: Sheet, here: Layout, texts: Sequence[Written], label: str) -> str:
    """The lanes, and every line; those that view 0 doesn't show have no place yet."""
    shapes = [shape(line, at, here, texts) if line.views & 1 else None for at, line in enumerate(sheet.lines)]
    parts = [f'<div class="parts" role="group" aria-label="{marked_up(label)}">', _under_all(sheet, here, shapes)]
    for first in range(0, len(sheet.lines), _PART):
        last = min(first + _PART, len(sheet.lines))
        top = here.tops[first]
        height = (here.tops[last] if last < len(sheet.lines) else here.height) - top
        parts.append(f'<svg class="part{"" if height else " h"}" {_size(here.width, height)}>')
        for at in range(first, last):
            parts.append(_line(sheet.lines[at], shapes[at], here.tops[at] - top, texts[at], sheet.story, at))
        parts.append("</svg>")
    return "".join([*parts, "</div>"])


def reaches_beyond(at: int, line: Line) -> bool:
    """Whether its shape ends in another part."""
    return line.other is not None and line.other // _PART != at // _PART


def _under_all(sheet: Sheet, here: Layout, shapes: Sequence[Shape | None]) -> str:
    parts = [f'<svg class="under" {_size(here.width, here.height)} aria-hidden="true"><g class="lanes">']
    for lane in (lane for column in sheet.columns for lane in column.lanes):
        hidden = "" if lane in here.xs else " class=h"
        parts.append(f"<path d=M0,0V{here.height} transform=translate({here.xs.get(lane, 0)},0){hidden} />")
    parts.append('</g><rect class="lit h" width="100%" /><g class="spans">')
    for at, line in enumerate(sheet.lines):
        if reaches_beyond(at, line):
            its = shapes[at]
            looks = " ".join(_looks(line, sheet.story))
            if its is None:
                parts.append(f'<g class="{looks} h"><path /></g>')
            else:
                parts.append(f'<g class="{looks}" transform=translate(0,{here.tops[at]})><path d={its.path} /></g>')
    return "".join([*parts, "</g></svg>"])


def _size(width: int, height: int) -> str:
    return f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'


def _line(line: Line, its: Shape | None, top: int, text: Written, story: Story, at: int) -> str:
    row = line.row
    classes = " ".join([*_looks(line, story), *(["h"] if its is None else [])])
    classes = f'"{classes}"' if " " in classes else classes
    where = "" if its is None else f" transform=translate(0,{top})"
    time = f"<text>{row.at_ns / 1e6:.3f}</text>" if row.kind != "gap" else ""
    path = "" if reaches_beyond(at, line) else _path(line, its)
    return f"<g class={classes}{where}>{_band(row, text)}{time}{path}{_words(line, its, text)}</g>"


def _path(line: Line, its: Shape | None) -> str:
    """Its shape; of a line that has none yet, the place for it."""
    if line.row.kind in ("step", "rules", "gap", "return", "signal"):
        return ""
    return f"<path d={its.path} />" if its is not None else "<path />"


def _band(row: Row, text: Written) -> str:
    """The ground of what goes across all lanes."""
    if row.kind not in ("step", "rules", "gap"):
        return ""
    return f"<rect width=100% height={text.height - (6 if row.kind == 'step' else 2)} />"


def _looks(line: Line, story: Story) -> Iterator[str]:
    """Classes: of what kind it is, and what became of it."""
    row = line.row
    yield _CLASSES[row.kind]
    if row.kind in ("packet", "leave", "arrive"):
        yield from filter(None, [_KINDS[story.packets[row.of].kind]])
    if row.kind == "step":
        yield row.verdict.replace(" ", "-") if row.verdict in _VERDICT_MARKS else "unknown"
    elif row.error:
        yield "bad"
    elif row.fate in ("lost", "refused"):
        yield "lost"
    elif row.fate in ("late", "damaged", "vanished"):
        yield row.fate
    elif row.kind == "leave":
        yield "left"
    elif row.kind == "output" and row.words.startswith("prints on stderr"):
        yield "bad"
    if row.note.startswith("came ") or ", came " in row.note:
        yield "twice"


def _words(line: Line, its: Shape | None, text: Written) -> str:
    """What is written at a line."""
    label, row = inside(text.label), line.row
    match row.kind:
        case "step":
            mark = _VERDICT_MARKS.get(row.verdict, "?")
            verdict = f"<tspan>{mark} {inside(row.verdict.upper())}</tspan>"
            more = "".join(_of_step(number, one) for number, one in enumerate(text.more))
            return f"<text x={_ACROSS_X} y=18>{row.number}&ensp;{label}&ensp;{verdict}</text>{more}"
        case "rules" | "gap":
            return f"<text x={_ACROSS_X} y=15>{label}{_under(text.more, _ACROSS_X)}</text>"
        case "packet" | "leave" | "arrive":
            quoted = f" <tspan>{inside(text.quoted)}</tspan>" if text.quoted else ""
            first = f"<text{_at(its, y=15 if row.kind == 'packet' else 13)}>{label}{quoted}</text>"
            if not text.more:
                return first
            note, *rest = text.more
            where = _at(its and its._replace(label_x=its.more_x, anchor=its.more_anchor), y=_NOTE_Y[row.kind])
            return f"{first}<text{where}>{inside(note)}{_under(rest, its.more_x if its else 0)}</text>"
        case _:
            y = 19 if row.kind == "output" else 15
            return f"<text{_at(its, y=y)}>{label}{_under(text.more, its.label_x if its else 0)}</text>"


def _of_step(number: int, text: str) -> str:
    wrong = " class=wrong" if text.startswith("✗ ") else ""
    return f"<text x={_ACROSS_X + 18} y={34 + 15 * number}{wrong}>{inside(text)}</text>"


def _at(its: Shape | None, *, y: int) -> str:
    """Where a text stands."""
    if its is None:
        return f" y={y}"
    return f"{f' class={its.anchor}' if its.anchor else ''} x={its.label_x} y={y}"


def _under(lines: Sequence[str], x: int) -> str:
    """Further lines of a text."""
    return "".join(f"<tspan x={x} dy=14>{inside(line)}</tspan>" for line in lines)
