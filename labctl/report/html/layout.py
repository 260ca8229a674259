"""Lines and columns -> places on the page, in pixels. The page's script does the same sums for what is folded there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from labctl.report.html.sheet import Line, Sheet
from labctl.report.html.words import Written


class Metrics(Struct, frozen=True, kw_only=True):
    """What both go by. `first`: where the first lane is, with its words on the left; `pitch`: from lane to lane;
    `right`: what the last lane's words need; `slot`: from one bar to the next beside it; `lean`: how much lower than
    where it left a packet arrives within a line. `part`: so many lines are one drawing."""

    first: int = 358
    pitch: int = 290
    right: int = 290
    slot: int = 8
    aside: int = 10
    bar_top: int = 4
    bar: int = 14
    arrow_top: int = 19
    lean: int = 5
    stub: int = 90
    loop: int = 34
    part: int = 100


METRICS = Metrics()


class Layout(NamedTuple):
    """Where each line begins (one not seen: where it would) and is over, and where each lane stands; lanes that aren't
    seen have no place. `leftmost` is the first lane's place: its words are on its left."""

    tops: Sequence[int]
    bottoms: Sequence[int]
    xs: Mapping[int, int]
    leftmost: int
    width: int
    height: int


class Shape(NamedTuple):
    """The path of a line, where its label stands and how it is anchored there, and the same of what else it says."""

    path: str
    label_x: int
    anchor: str
    more_x: int
    more_anchor: str


def layout(sheet: Sheet, texts: Sequence[Written], *, view: int = 0) -> Layout:
    """All columns as they are folded at first, in one view."""
    tops, bottoms, top = [], [], 0
    for line, text in zip(sheet.lines, texts, strict=True):
        tops.append(top)
        top += text.height if line.views >> view & 1 else 0
        bottoms.append(top)
    xs: dict[int, int] = {}
    x = METRICS.first
    for column in sheet.columns:
        if any(sheet.views_of[lane] >> view & 1 for lane in column.lanes):
            xs |= dict.fromkeys(column.lanes, x)
            x += METRICS.pitch
    return Layout(tops, bottoms, xs, METRICS.first, max(x - METRICS.pitch, METRICS.first) + METRICS.right, top)


def shape(line: Line, at: int, here: Layout, texts: Sequence[Written]) -> Shape:
    """The shape of the line with number `at`, in pixels from its own top."""
    match line.row.kind:
        case "call" | "begin" | "return" | "signal" | "end" | "output":
            assert line.lane is not None
            return _beside(line, here.xs[line.lane], at, here, texts)
        case "packet" | "leave" | "arrive":
            return _packet(line, at, here)
        case _:
            return Shape("", 0, "", 0, "")


def _beside(line: Line, x: int, at: int, here: Layout, texts: Sequence[Written]) -> Shape:
    m, out = METRICS, -1 if x == here.leftmost else 1
    anchor = "l" if out < 0 else ""
    label_x = x + out * (m.aside + m.slot * line.slot)
    if line.row.kind == "output":
        return _bubble(x, out, texts[at])
    if line.row.kind in ("return", "signal"):
        return Shape("", label_x, anchor, label_x, anchor)
    left = x - 3 + out * m.slot * line.slot
    if line.row.kind == "end":
        path = f"M{x - 7},{m.bar_top + 7}h14"
    else:
        over = m.bar
        if line.other is not None:
            over = here.bottoms[line.other] - here.tops[at] - 2 * m.bar_top
        path = f"M{left},{m.bar_top}h6v{over}h-6z"
    return Shape(path, label_x, anchor, label_x, anchor)


def _bubble(x: int, out: int, text: Written) -> Shape:
    """A box with a corner that points to its lane; words in it begin at its left."""
    left = x + METRICS.aside if out > 0 else x - METRICS.aside - text.box
    right, low = left + text.box, text.height - 4
    near, far = (left, right) if out > 0 else (right, left)
    path = f"M{near},2H{far}V{low}H{near}V16L{x},11L{near},8z"
    return Shape(path, left + 8, "", left + 8, "")


def _packet(line: Line, at: int, here: Layout) -> Shape:
    m, row = METRICS, line.row
    source = here.xs[line.source] if line.source is not None else None
    target = here.xs[line.target] if line.target is not None else None
    if row.kind == "leave":
        assert source is not None
        out = -1 if target is not None and target < source else 1
        path = f"M{source - 3},{m.arrow_top - 3}h6v6h-6z"
        ours, theirs = ("l", "") if out < 0 else ("", "l")
        return Shape(path, source + out * m.aside, ours, source - out * m.aside, theirs)
    if target is None:
        assert source is not None
        out = 1 if source == here.leftmost else -1
        end = source + out * m.stub
        far = source - out * m.aside
        anchor = "l" if out > 0 else ""
        return Shape(f"M{source},{m.arrow_top}L{end},{m.arrow_top + m.lean}", (source + end) // 2, "m", far, anchor)
    if source is None:
        source = target + (m.stub if target == here.leftmost else -m.stub)
    top = here.tops[line.other] - here.tops[at] if line.other is not None else 0
    lean = 0 if line.other is not None else m.lean
    if source == target:
        out = -1 if target == here.leftmost else 1
        anchor = "l" if out < 0 else ""
        path = f"M{source},{top + m.arrow_top}h{out * m.loop}V{m.arrow_top + lean}H{target}"
        beyond = target - out * m.aside
        return Shape(path, target + out * (m.loop + 6), anchor, beyond, "" if out < 0 else "l")
    out = 1 if source < target else -1
    path = f"M{source},{m.arrow_top + top}L{target - out},{m.arrow_top + lean}"
    beyond, anchor = target + out * m.aside, "l" if out < 0 else ""
    if row.kind == "arrive":
        return Shape(path, beyond, anchor, beyond, anchor)
    return Shape(path, (source + target) // 2, "m", beyond, anchor)
