"""A story -> what of it is drawn, where and in which words: columns, and rows in order.

Terminal, HTML and Mermaid draw the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from labctl.observe.story import Moment, Story
from labctl.report.drawing.columns import Column as Column
from labctl.report.drawing.columns import columns as columns
from labctl.report.drawing.pairs import lanes_of, paired
from labctl.report.drawing.routine import routine
from labctl.report.drawing.rows import Row as Row
from labctl.report.drawing.rows import RowKind as RowKind
from labctl.report.drawing.writer import Writer
from labctl.report.measures import counted, span_in_words


class Choice(Struct, frozen=True, kw_only=True):
    """What is to be drawn.

    `files`: routine calls too, those about files and the interpreter's own. `noise`: packets of the link itself too
    (ARP and the like). `programs`: what programs do (calls, signals, outputs, ends) at all; `packets`: packets at all.
    `most_columns`: lanes are folded until there are no more (at least 2). `gap_ms`: a pause of so much is said in a
    row of its own.
    """

    files: bool = False
    noise: bool = False
    programs: bool = True
    packets: bool = True
    most_columns: int = 6
    gap_ms: float = 10.0


USUAL = Choice()


class Drawing(Struct, frozen=True, kw_only=True):
    """All of it. `left_out` says in words what the choice leaves out (`212 routine calls`), a text each."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def drawn(story: Story, choice: Choice = USUAL) -> Drawing:
    """What the choice shows of a story. Pure: the same story and choice give the same drawing."""
    hidden = frozenset() if choice.files else _hidden(story)
    shown = [moment for moment in story.moments if _is_shown(moment, story, choice, hidden)]
    lanes = {lane for moment in shown for lane in lanes_of(moment, story)}
    lanes |= {story.packets[moment.of].lane for moment in shown if moment.kind == "arrive"}
    places = columns(story.lanes, lanes, max(2, choice.most_columns))
    rows = paired(shown, story, Writer(story, places))
    return Drawing(
        columns=places,
        rows=tuple(with_gaps(rows, round(choice.gap_ms * 1e6))),
        left_out=tuple(_left_out(story, choice, len(hidden))),
        problems=story.problems,
    )


def _hidden(story: Story) -> frozenset[int]:
    """The calls that are shown only with all others."""
    return routine(story.calls) | {number for number, call in enumerate(story.calls) if call.group == "file"}


def _is_shown(moment: Moment, story: Story, choice: Choice, hidden: frozenset[int]) -> bool:
    match moment.kind:
        case "call" | "begin" | "return":
            return choice.programs and moment.of not in hidden
        case "leave" | "arrive":
            return choice.packets and (choice.noise or not story.packets[moment.of].is_noise)
        case "signal" | "end" | "output":
            return choice.programs
        case _:
            return True


def with_gaps(rows: Iterable[Row], least_ns: int) -> Iterator[Row]:
    """The rows, with one between those that a pause lies between."""
    latest: int | None = None
    for row in rows:
        if latest is not None and row.at_ns - latest >= least_ns:
            words = f"{span_in_words(row.at_ns - latest)} pass"
            yield Row(at_ns=latest, kind="gap", words=words, full=words)
        yield row
        within = row.took_ns or 0 if row.kind in ("call", "packet") else 0
        latest = max(row.at_ns + within, row.at_ns if latest is None else latest)


def _left_out(story: Story, choice: Choice, calls: int) -> Iterator[str]:
    noise = sum(packet.is_noise for packet in story.packets)
    if calls and choice.programs:
        yield counted(calls, "routine call")
    if noise and choice.packets and not choice.noise:
        yield counted(noise, "packet of the link itself", "packets of the link itself")
