"""Moments in order -> rows in order: what is one event to a reader's eye stands in one row.

A packet is one arrow if nothing happens at its receiver between its two ends. A call that didn't wait is one row where
it begins: strace makes every call take its time, and elsewhere life goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labctl.observe.story import Moment, Story
from labctl.report.drawing.rows import Row
from labctl.report.drawing.writer import Writer

AT_ONCE_NS = 1_000_000
"""Of a call, or of a packet's way, that was no longer: it is one row unless something came between."""
SENT_AT_ONCE_NS = 5_000_000
"""Of a call that sends: what comes meanwhile is what it has caused."""

_SENDING = {"write", "writev", "send", "sendto", "sendmsg", "close", "shutdown", "kill"} | {
    *("fork", "vfork", "clone", "clone3")
}


def paired(moments: Sequence[Moment], story: Story, writer: Writer) -> Iterator[Row]:
    """A row for each moment, or for two that belong together, in the order in which they began."""
    whole = _calls_at_once(moments, story)
    rest = [moment for moment in moments if not (moment.kind == "return" and moment.of in whole)]
    arrows = _arrows(rest, story)
    ended = {(arrow.of, arrow.arrival) for arrow in arrows.values()}
    numbers: dict[int, int] = {}
    for moment in rest:
        if moment.kind == "call" or moment.kind == "begin" or moment.kind == "return":
            yield writer.call(moment, kind="call" if moment.of in whole else moment.kind)
        elif moment.kind == "leave":
            told_later = len(story.packets[moment.of].arrivals) - (moment.of in arrows)
            if told_later:
                numbers[moment.of] = len(numbers) + 1
            yield _leaving(moment, arrows.get(moment.of), numbers.get(moment.of, 0), story, writer)
        elif moment.kind == "arrive":
            if (moment.of, moment.arrival) not in ended:
                arrival = story.packets[moment.of].arrivals[moment.arrival]
                yield writer.packet(moment, arrival, kind="arrive", number=numbers.get(moment.of, 0))
        else:
            yield writer.row(moment)


def _leaving(moment: Moment, arrow: Moment | None, number: int, story: Story, writer: Writer) -> Row:
    """A packet that leaves: all of its way where that is one row, or where nothing more is known of it."""
    arrivals = story.packets[moment.of].arrivals
    if arrow is not None:
        whole = Moment(moment.at_ns, "leave", moment.of, arrow.arrival)
        return writer.packet(whole, arrivals[arrow.arrival], kind="packet", number=number)
    if not arrivals:
        return writer.packet(moment, None, kind="packet")
    return writer.packet(moment, arrivals[0], kind="leave", number=number)


def _calls_at_once(moments: Sequence[Moment], story: Story) -> set[int]:
    """The calls of two moments that are one row."""
    begins: dict[int, int] = {}
    found = set()
    for place, moment in enumerate(moments):
        if moment.kind == "begin":
            begins[moment.of] = place
        elif moment.kind == "return" and moment.of in begins:
            between = moments[begins[moment.of] + 1 : place]
            if not between or _is_at_once(moment.of, between, story):
                found.add(moment.of)
    return found


def _is_at_once(of: int, between: Sequence[Moment], story: Story) -> bool:
    """Whether a call can't have waited for anything that happened meanwhile."""
    call = story.calls[of]
    took_ns = (call.ends_ns or call.begins_ns) - call.begins_ns
    if call.name in _SENDING:
        return took_ns <= SENT_AT_ONCE_NS
    return took_ns <= AT_ONCE_NS and not any(_may_have_woken(moment, of, story) for moment in between)


def _may_have_woken(moment: Moment, of: int, story: Story) -> bool:
    call = story.calls[of]
    if moment.kind == "arrive" and not call.packets:
        return story.packets[moment.of].arrivals[moment.arrival].lane == call.lane
    if moment.kind in ("leave", "arrive"):
        return moment.of in call.packets
    return (moment.kind == "signal" and story.signals[moment.of].lane == call.lane) or (
        moment.kind == "end" and story.ends[moment.of].lane == call.lane
    )


def _arrows(moments: Sequence[Moment], story: Story) -> dict[int, Moment]:
    """The packets whose leaving and an arrival are one row, each with that arrival."""
    left: dict[int, int] = {}
    found: dict[int, Moment] = {}
    for place, moment in enumerate(moments):
        if moment.kind == "leave":
            left[moment.of] = place
        elif moment.kind == "arrive" and moment.of in left and moment.of not in found:
            is_quick = moment.at_ns - moments[left[moment.of]].at_ns <= AT_ONCE_NS
            between = moments[left[moment.of] + 1 : place] if is_quick else ()
            lane = story.packets[moment.of].arrivals[moment.arrival].lane
            is_next = place == left[moment.of] + 1
            if is_next or (is_quick and not any(lane in lanes_of(other, story) for other in between)):
                found[moment.of] = moment
    return found


def lanes_of(moment: Moment, story: Story) -> tuple[int, ...]:
    """Where it happens: of a packet's leaving at the sender, of its arrival at that receiver; nowhere, of a step."""
    match moment.kind:
        case "call" | "begin" | "return":
            return (story.calls[moment.of].lane,)
        case "leave":
            return (story.packets[moment.of].lane,)
        case "arrive":
            return (story.packets[moment.of].arrivals[moment.arrival].lane,)
        case "signal":
            return (story.signals[moment.of].lane,)
        case "end":
            return (story.ends[moment.of].lane,)
        case "output":
            return (story.outputs[moment.of].lane,)
        case _:
            return ()
