"""The record of a run that is over -> a capture in order, with what is known of its packets, and the run's story."""

from __future__ import annotations

from pathlib import Path

from labctl.observe.capture_file import put_in_order
from labctl.observe.join import story_of
from labctl.observe.joining.comments import comments
from labctl.observe.names import CAPTURE
from labctl.observe.story import Story


def finish(folder: Path) -> Story:
    """Put the capture in order, should there be one. The story that the record tells."""
    story = story_of(folder)
    capture = folder / CAPTURE
    if capture.exists():
        put_in_order(capture, comments(story))
    return story
