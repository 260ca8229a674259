"""Stories as JSON for other tools."""

from __future__ import annotations

import json

import pytest
from msgspec import convert

from labctl.observe.story import Story
from labctl.report.story_json import FORMAT, as_json
from tests.unit.report.stories import STORIES


@pytest.mark.parametrize("name", STORIES)
def test_all_of_the_story_is_in_it(name: str) -> None:
    """It can be read back as the same story."""
    document = json.loads(as_json(STORIES[name]))
    assert document.pop("format") == FORMAT
    assert convert(document, Story) == STORIES[name]


def test_the_same_story_gives_the_same_text() -> None:
    """To the byte."""
    assert as_json(STORIES["basic"]) == as_json(convert(json.loads(as_json(STORIES["basic"])), Story))
