"""A story -> words for packets of its capture, as whoever opens it elsewhere reads them. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from labctl.observe.story import Arrival, Story

_FATES = {
    "late": "held back by `{rule}`, let in {late_ms:.1f} ms later",
    "lost": "lost here by `{rule}`",
    "refused": "refused here by `{rule}`",
    "damaged": "damaged here by `{rule}`",
}


def comments(story: Story) -> dict[int, Sequence[str]]:
    """By a frame's place in the order of times, from 0: the step that had begun before it, and what rules decided."""
    found: dict[int, list[str]] = defaultdict(list)
    recorded = sorted((packet.at_ns, min(packet.frames)) for packet in story.packets if packet.frames)
    for step in story.steps:
        place = bisect_left(recorded, (step.began_ns, 0))
        if place < len(recorded):
            found[recorded[place][1] - 1].append(f"step {step.number} began before this: {step.title}")
    for packet in story.packets:
        for arrival in packet.arrivals:
            if arrival.frame and (words := _decided(arrival)):
                found[arrival.frame - 1].append(words)
    return dict(found)


def _decided(arrival: Arrival) -> str:
    rule, semicolon, more = arrival.rule.partition("; ")
    words = _FATES.get(arrival.fate, "").format(rule=rule, late_ms=(arrival.at_ns - arrival.came_ns) / 1e6)
    doubled = f"doubled here by `{rule}`" if arrival.copies > 1 else ""
    decided = ", ".join(filter(None, (words, doubled)))
    return f"{decided}{semicolon}{more}" if decided else ""
