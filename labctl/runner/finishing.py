"""The record of a run that is over -> a capture in order, with what is known of its packets, and the run's story."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from labctl.observe.capture_file import put_in_order
from labctl.observe.join import story_of
from labctl.observe.joining.comments import comments
from labctl.observe.names import CAPTURE
from labctl.observe.story import Story


def finish(folder: Path, *, verdict: str, reason: str) -> Story:
    """Put the capture in order, should there be one. The story that the record tells, with the verdict of the run."""
    story = replace(story_of(folder), verdict=verdict, reason=reason)
    capture = folder / CAPTURE
    if capture.exists():
        put_in_order(capture, comments(story))
    return story
