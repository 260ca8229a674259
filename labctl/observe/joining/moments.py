"""Everything that happened -> one order of it: by time, and of one instant causes before effects. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from labctl.agent.syscalls import members
from labctl.observe.story import CallSeen, Moment, Story

_RANK = {
    "step": 0, "rules": 1, "call": 2, "begin": 2, "leave": 3, "arrive": 4, "return": 5, "signal": 6, "output": 7,
    "end": 8,
}  # fmt: skip
_WAITS = frozenset(name for family in ("read", "accept", "wait", "poll") for name in members(family)) | {
    "connect",
    "pause",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "nanosleep",
    "clock_nanosleep",
    "futex",
    "flock",
}
_LONG_NS = 5_000_000
"""A call that takes so long has waited, whatever it is."""


def moments(story: Story) -> tuple[Moment, ...]:
    """All of a story's moments but those of its `moments`, in order."""
    others = sorted(_others(story), key=_order)
    times = [moment.at_ns for moment in others if moment.kind != "end"]
    begun = sorted(call.begins_ns for call in story.calls if call.group != "file")
    calls = [moment for number, call in enumerate(story.calls) for moment in _of_call(number, call, times, begun)]
    return tuple(sorted([*others, *calls], key=_order))


def _order(moment: Moment) -> tuple[int, int, int, int]:
    return moment.at_ns, _RANK[moment.kind], moment.of, moment.arrival


def _others(story: Story) -> Iterator[Moment]:
    for number, step in enumerate(story.steps):
        yield Moment(step.began_ns, "step", number)
    for number, rules in enumerate(story.rules):
        yield Moment(rules.at_ns, "rules", number)
    for number, packet in enumerate(story.packets):
        if packet.left_ns is not None:
            yield Moment(packet.left_ns, "leave", number)
        for place, arrival in enumerate(packet.arrivals):
            yield Moment(arrival.at_ns, "arrive", number, place)
    for number, signal in enumerate(story.signals):
        yield Moment(signal.at_ns, "signal", number)
    for number, output in enumerate(story.outputs):
        yield Moment(output.at_ns, "output", number)
    for number, end in enumerate(story.ends):
        yield Moment(end.at_ns, "end", number)


def _of_call(number: int, call: CallSeen, times: Sequence[int], begun: Sequence[int]) -> list[Moment]:
    """One that waited is told twice: where it began, and where what it waited for had come."""
    if call.ends_ns is None:
        return [Moment(call.begins_ns, "begin", number)]
    if call.group == "file" or not _has_waited(call, call.ends_ns, times, begun):
        return [Moment(call.begins_ns, "call", number)]
    return [Moment(call.begins_ns, "begin", number), Moment(call.ends_ns, "return", number)]


def _has_waited(call: CallSeen, ends_ns: int, times: Sequence[int], begun: Sequence[int]) -> bool:
    if ends_ns - call.begins_ns >= _LONG_NS:
        return True
    if call.name not in _WAITS:
        return False
    return any(bisect_right(each, call.begins_ns) < bisect_left(each, ends_ns) for each in (times, begun))
