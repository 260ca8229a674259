"""A story -> the JSON document of `labctl show --json`: one object, in UTF-8.

It is a `labctl.observe.story.Story`, and `format` before its keys: `lanes`, `steps`, `calls`, `packets`, `signals`,
`ends`, `outputs`, `rules`, `moments` and so on, as they are documented there. Times are in nanoseconds since `zero_ns`,
which is CLOCK_REALTIME; what others refer to by number is the place in an array, from 0. `format` grows when something
that was there changes its meaning or goes away; new keys may come at any time.
"""

from __future__ import annotations

from msgspec import json, structs

from labctl.observe.story import Story

FORMAT = 1


def as_json(story: Story) -> str:
    """The document, indented. The same story gives the same text to the byte."""
    return json.format(json.encode({"format": FORMAT, **structs.asdict(story)}), indent=2).decode()
