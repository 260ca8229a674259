"""A story -> the lines of its ladder, each with its place among lanes, and in which views it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from msgspec import Struct

from labctl.observe.story import Story
from labctl.report.drawing import Choice, Column, Row, drawn, with_gaps
from labctl.report.drawing.columns import columns

FILES, NOISE = 1, 2
VIEWS = (0, FILES, NOISE, FILES | NOISE)
ALL_VIEWS = 0b1111
MOST_SLOTS = 4
MOST_ROUTINE = 10_000
"""An interpreter makes several hundred calls before its program begins; of a crowd of them nobody reads any, and a page
that has them all can't be sent or opened."""
_MOST_OF_ONE = 3
_MOST_OTHER_COLUMNS = 4


class Line(Struct, frozen=True, kw_only=True):
    """A row of the drawing on the sheet.

    `views` has bit v set if it is seen in view v: 0 what a reader sees first, plus FILES with calls about files, plus
    NOISE with packets of the link itself. `lane` is where its words stand (None: across all), `source` the lane that a
    packet came from (None: nobody knows, or no packet). `other` is the line that it is joined with: of a call that
    begins the one where it is over, of an arrival that where it left. `slot` tells calls apart that last at the same
    time in one lane. `event` is its number among the sheet's events.
    """

    row: Row
    views: int
    lane: int | None
    source: int | None
    target: int | None
    other: int | None
    slot: int
    event: int


class Sheet(Struct, frozen=True, kw_only=True):
    """All lines, and the columns of lanes as they are folded at first. `events`: the first line of each event.

    `views_of` says for each lane in which views something happens in it. `calls_left_out`: so many calls that
    are routine, as those about files, are in no view, because they are too many for a page.
    """

    story: Story
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    events: tuple[int, ...]
    views_of: dict[int, int]
    calls_left_out: int


def sheet(story: Story, *, most_columns: int = 6) -> Sheet:
    """The drawing that a terminal shows too, and between its rows those of other views, each in its place in time."""
    first = drawn(story, Choice(most_columns=most_columns))
    hidden = len(story.calls) - len({row.of for row in first.rows if row.kind in ("call", "begin", "return")})
    has_all = hidden <= MOST_ROUTINE
    whole = drawn(story, Choice(files=has_all, noise=True, most_columns=most_columns))
    shown = [row for row in first.rows if row.kind != "gap"]
    known = {_event(row) for row in shown}
    more = [
        row for row in whole.rows if row.kind != "gap" and _event(row) not in known and not _is_one_of_many(row, story)
    ]
    viewed = list(
        merge(((row, ALL_VIEWS) for row in shown), ((row, views_with(_needed(row))) for row in more), key=_begins)
    )
    lines, events = _lines(list(merge(viewed, _gaps(viewed), key=_begins)), story)
    views_of: dict[int, int] = {}
    for line in lines:
        for lane in {line.lane, line.source, line.target} - {None}:
            assert lane is not None
            views_of[lane] = views_of.get(lane, 0) | line.views
    return Sheet(
        story=story,
        columns=_columns(first.columns, story, views_of),
        lines=lines,
        events=events,
        views_of=views_of,
        calls_left_out=0 if has_all else hidden,
    )


def views_with(layer: int) -> int:
    """The views that show a layer, a bit for each."""
    return sum(1 << view for view in VIEWS if view & layer)


def _event(row: Row) -> tuple[str, int]:
    """What a row is of: of one call, one packet and so on there may be several rows."""
    if row.kind in ("call", "begin", "return"):
        return "call", row.of
    return ("packet", row.of) if row.kind in ("packet", "leave", "arrive") else (row.kind, row.of)


def _is_one_of_many(row: Row, story: Story) -> bool:
    """Of what the link itself sent to everybody, the first arrivals stand for all."""
    return row.kind in ("packet", "arrive") and row.arrival >= _MOST_OF_ONE and story.packets[row.of].is_noise


def _needed(row: Row) -> int:
    """What a view must have for a row that isn't seen at first."""
    return FILES if row.kind in ("call", "begin", "return") else NOISE


def _begins(viewed: tuple[Row, int]) -> tuple[int, bool]:
    """A pause begins after what was before it."""
    return viewed[0].at_ns, viewed[0].kind == "gap"


def _gaps(viewed: list[tuple[Row, int]]) -> list[tuple[Row, int]]:
    """The pauses of each view; one that several have is one line."""
    found: dict[tuple[int, str], tuple[Row, int]] = {}
    for view in VIEWS:
        rows = (row for row, views in viewed if views >> view & 1)
        for row in (row for row in with_gaps(rows, round(Choice().gap_ms * 1e6)) if row.kind == "gap"):
            views = found.get((row.at_ns, row.words), (row, 0))[1]
            found[row.at_ns, row.words] = (row, views | 1 << view)
    return [found[key] for key in sorted(found)]


def _lines(viewed: list[tuple[Row, int]], story: Story) -> tuple[tuple[Line, ...], tuple[int, ...]]:
    returns = {row.of: place for place, (row, _) in enumerate(viewed) if row.kind == "return"}
    leaves = {row.of: place for place, (row, _) in enumerate(viewed) if row.kind in ("leave", "packet")}
    ends = {row.process: place for place, (row, _) in enumerate(viewed) if row.kind == "end"}
    events: dict[tuple[str, int, int], int] = {}
    firsts: list[int] = []
    slots = _Slots()
    lines = []
    for place, (row, views) in enumerate(viewed):
        key = (*_event(row), place if row.kind == "gap" else 0)
        if key not in events:
            events[key] = len(firsts)
            firsts.append(place)
        lane, source, target = _places(row, story)
        other = None
        if row.kind == "begin":
            over = returns.get(row.of, ends.get(row.process, -1))
            other = over if over > place else len(viewed) - 1
        elif row.kind == "arrive":
            other = leaves.get(row.of)
        slot = slots.of(row, lane)
        lines.append(
            Line(
                row=row,
                views=views,
                lane=lane,
                source=source,
                target=target,
                other=other,
                slot=slot,
                event=events[key],
            )
        )
    return tuple(lines), tuple(firsts)


class _Slots:
    """Beside one another what lasts at the same time in one lane; more than there are slots share the last."""

    def __init__(self) -> None:
        self._taken: dict[int, dict[int, int]] = {}

    def of(self, row: Row, lane: int | None) -> int:
        """The slot of a call's row."""
        if lane is None or row.kind not in ("call", "begin", "return"):
            return 0
        taken = self._taken.setdefault(lane, {})
        if row.kind == "return":
            return taken.pop(row.of, 0)
        used = set(taken.values())
        slot = next((slot for slot in range(MOST_SLOTS) if slot not in used), MOST_SLOTS - 1)
        if row.kind == "begin":
            taken[row.of] = slot
        return slot


def _places(row: Row, story: Story) -> tuple[int | None, int | None, int | None]:
    """The lane of the words, and of a packet the lanes of both its ends."""
    match row.kind:
        case "call" | "begin" | "return":
            return story.calls[row.of].lane, None, None
        case "packet" | "leave" | "arrive":
            packet = story.packets[row.of]
            target = packet.arrivals[row.arrival].lane if row.target is not None and packet.arrivals else None
            source = None if packet.left_ns is None else packet.lane
            return (packet.lane if row.kind == "leave" or target is None else target), source, target
        case "signal":
            return story.signals[row.of].lane, None, None
        case "end":
            return story.ends[row.of].lane, None, None
        case "output":
            return story.outputs[row.of].lane, None, None
        case _:
            return None, None, None


def _columns(first: tuple[Column, ...], story: Story, views_of: dict[int, int]) -> tuple[Column, ...]:
    """Those that a reader sees first, and those in which something happens only in other views."""
    known = {lane for column in first for lane in column.lanes}
    others = columns(story.lanes, views_of.keys() - known, _MOST_OTHER_COLUMNS)
    return tuple(_in_order([*first, *others], story))


def _in_order(found: list[Column], story: Story) -> Iterator[Column]:
    """Hosts as the story has them first, and the columns of a host side by side."""
    hosts = list(dict.fromkeys(lane.host for lane in story.lanes))
    yield from sorted(found, key=lambda column: (hosts.index(story.lanes[column.lanes[0]].host), column.lanes[0]))
