"""Places: lines one below the other, lanes side by side, arrows from lane to lane, bars as long as the call."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from labctl.report.html.layout import METRICS, Layout, Shape, layout, shape
from labctl.report.html.sheet import Line, Sheet, sheet
from labctl.report.html.words import Written, written
from tests.unit.report.stories import BASIC, IMPAIRED, STORIES, crowd


def laid(it: Sheet) -> tuple[list[Written], Layout]:
    """The words of a sheet's lines, and their places in the first view."""
    texts = [written(line.row) for line in it.lines]
    return texts, layout(it, texts)


def shape_of(it: Sheet, words: str) -> tuple[Line, Shape, Layout]:
    """The line whose words begin so, its shape, and the layout."""
    texts, here = laid(it)
    at, line = next((at, line) for at, line in enumerate(it.lines) if line.row.words.startswith(words))
    return line, shape(line, at, here, texts), here


@pytest.mark.parametrize("name", STORIES)
def test_lines_lie_one_below_the_other(name: str) -> None:
    """Each as high as its words need; what isn't seen takes no place."""
    it = sheet(STORIES[name])
    texts, here = laid(it)

    for (top, line, text), below in pairwise(
        [*zip(here.tops, it.lines, texts, strict=True), (here.height, None, None)]
    ):
        assert line is not None
        assert text is not None
        assert below[0] == top + (text.height if line.views & 1 else 0)


def test_lanes_stand_side_by_side_and_folded_ones_in_one_place() -> None:
    """Two hundred clients take the place of one until somebody unfolds them."""
    _, here = laid(sheet(crowd(200)))

    assert here.xs[0] == METRICS.first
    assert {here.xs[lane] for lane in range(1, 201)} == {METRICS.first + METRICS.pitch}
    assert here.width == METRICS.first + METRICS.pitch + METRICS.right


def test_a_lane_that_is_not_seen_has_no_place() -> None:
    """It comes with the view that shows what happens there."""
    _, here = laid(sheet(BASIC))

    assert here.xs == {0: METRICS.first, 1: METRICS.first + METRICS.pitch}


def test_an_arrow_leads_from_where_it_left_to_where_it_came_and_falls() -> None:
    """Time runs down the page: an arrow ends lower than it begins."""
    line, its, here = shape_of(sheet(BASIC), "SYN")
    x, y, to_x, to_y = map(int, re.findall(r"\d+", its.path))

    assert line.source is not None
    assert line.target is not None
    assert x == here.xs[line.source]
    assert abs(to_x - here.xs[line.target]) == 1
    assert to_y > y


def test_a_bar_is_as_long_as_the_call_blocks() -> None:
    """From the line where it begins to the end of that where it returns."""
    it = sheet(BASIC)
    line, its, here = shape_of(it, "accept4(3) …")
    at = it.lines.index(line)

    assert line.other is not None
    assert its.path.endswith(f"v{here.bottoms[line.other] - here.tops[at] - 2 * METRICS.bar_top}h-6z")


def test_words_of_the_first_lane_are_on_its_left() -> None:
    """Between two lanes there is room for arrows."""
    it = sheet(BASIC)
    _, left, _ = shape_of(it, "listen")
    _, right, _ = shape_of(it, "connect(3")

    assert (left.anchor, left.label_x < METRICS.first) == ("l", True)
    assert (right.anchor, right.label_x > METRICS.first + METRICS.pitch) == ("", True)


def test_a_packet_that_vanished_ends_before_it_comes_anywhere() -> None:
    """Its arrow stops short of every lane."""
    line, its, here = shape_of(sheet(IMPAIRED), "DATA 9")
    _, _, to_x, _ = map(int, re.findall(r"\d+", its.path))

    assert line.target is None
    assert all(abs(to_x - x) > 20 for x in here.xs.values())
