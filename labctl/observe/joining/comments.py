"""A story -> words for packets of its capture, as whoever opens it elsewhere reads them. Pure."""

from __future__ import annotations

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
    for step in story.steps:
        frame = _first_since(story, step.began_ns)
        if frame is not None:
            found[frame - 1].append(f"step {step.number} began before this: {step.title}")
    for packet in story.packets:
        for arrival in packet.arrivals:
            if arrival.frame and (words := _decided(arrival)):
                found[arrival.frame - 1].append(words)
    return dict(found)


def _first_since(story: Story, at_ns: int) -> int | None:
    """The first frame that was recorded since then."""
    later = [(packet.at_ns, min(packet.frames)) for packet in story.packets if packet.at_ns >= at_ns and packet.frames]
    return min(later)[1] if later else None


def _decided(arrival: Arrival) -> str:
    words = _FATES.get(arrival.fate, "").format(rule=arrival.rule, late_ms=(arrival.at_ns - arrival.came_ns) / 1e6)
    doubled = f"doubled here by `{arrival.rule}`" if arrival.copies > 1 else ""
    return ", ".join(filter(None, (words, doubled)))
