"""The sheet: what a reader sees first is what the terminal shows; all else has its place in time."""

from __future__ import annotations

import pytest

from labctl.observe.story import Arrival, HostSeen
from labctl.report.drawing import Choice, drawn
from labctl.report.html.sheet import FILES, MOST_ROUTINE, MOST_SLOTS, NOISE, VIEWS, sheet
from tests.unit.report.stories import BASIC, IMPAIRED, STORIES, crowd
from tests.unit.report.telling import Telling


@pytest.mark.parametrize("name", STORIES)
def test_the_first_view_is_what_the_terminal_shows(name: str) -> None:
    """The same rows in the same order and words, pauses too."""
    seen = [line.row for line in sheet(STORIES[name]).lines if line.views & 1]

    assert seen == list(drawn(STORIES[name]).rows)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_every_event_of_its_drawing(view: int) -> None:
    """With calls about files, with packets of the link, with both: nothing is missing that such a drawing has."""
    story = crowd(5)
    choice = Choice(files=bool(view & FILES), noise=bool(view & NOISE))
    seen = {(line.row.kind, line.row.of) for line in sheet(story).lines if line.views >> view & 1}

    assert {(row.kind, row.of) for row in drawn(story, choice).rows if row.kind != "gap"} <= seen


def test_lines_are_in_order_of_time() -> None:
    """Rows of other views stand between those of the first where they happened."""
    times = [line.row.at_ns for line in sheet(BASIC).lines]

    assert times == sorted(times)


def test_a_pause_belongs_to_the_views_in_which_nothing_happens() -> None:
    """What a reader hides makes the pause longer; what is shown ends it."""
    told = Telling(HostSeen("a", ()))
    lane = told.lane("a", "p", "p")
    told.call(lane, 0, 1, "socket(AF_INET)", "3")
    told.call(lane, 20_000, 20_001, "openat(AT_FDCWD)", "4", group="file")
    told.call(lane, 40_000, 40_001, "close(3)")
    gaps = {line.row.words: line.views for line in sheet(told.story("x", "", "")).lines if line.row.kind == "gap"}

    assert gaps == {"40.0 ms pass": 0b0101, "20.0 ms pass": 0b1010}


def test_a_call_that_blocks_leads_to_where_it_is_over() -> None:
    """To its return; without one to the end of its process."""
    lines = sheet(BASIC).lines
    accepts = next(line for line in lines if line.row.words.startswith("accept4(3) …"))
    exits = next(line for line in lines if line.row.words.startswith("exit_group"))

    assert accepts.other is not None
    assert lines[accepts.other].row.words.startswith("accept4 → 4")
    assert lines[accepts.other].event == accepts.event
    assert exits.other is not None
    assert lines[exits.other].row.kind == "end"


def test_an_arrival_leads_to_where_the_packet_left() -> None:
    """However much happened in between."""
    lines = sheet(crowd(100)).lines
    arrivals = [line for line in lines if line.row.kind == "arrive"]

    assert arrivals
    for line in arrivals:
        assert line.other is not None
        assert lines[line.other].row.kind == "leave"
        assert lines[line.other].row.of == line.row.of
        assert (lines[line.other].source, lines[line.other].target) == (line.source, line.target)


def test_calls_at_the_same_time_in_one_lane_stand_side_by_side() -> None:
    """Of a program's children each has a slot of its own, up to a limit."""
    told = Telling(HostSeen("a", ()))
    lane = told.lane("a", "p", "p")
    for child in range(MOST_SLOTS + 2):
        told.call(lane, 10_000 + child, 100_000 + child, "read(3)", pid=7 + child)
    slots = [line.slot for line in sheet(told.story("x", "", "")).lines if line.row.kind == "begin"]

    assert slots == [*range(MOST_SLOTS), MOST_SLOTS - 1, MOST_SLOTS - 1]


def test_a_lane_in_which_only_the_link_speaks_has_its_column_later() -> None:
    """A host's kernel that answers ARP and nothing else isn't there at first, and then stands beside its host's."""
    it = sheet(BASIC)

    assert [(column.host, column.program) for column in it.columns] == [
        ("cheerios", "server"),
        ("cheerios", ""),
        ("client", "client"),
    ]
    assert it.views_of == {0: 0b1111, 1: 0b1111, 2: 0b1100}


def test_what_the_link_says_to_all_is_drawn_a_few_times() -> None:
    """Two hundred arrivals of one question would hide the answer."""
    told = Telling(HostSeen("a", ()))
    lanes = [told.lane(f"h{number}") for number in range(50)]
    came = tuple(Arrival(lane=lane, came_ns=2000 + lane, at_ns=2000 + lane, fate="arrived") for lane in lanes[1:])
    told.packet(lanes[0], 1, came, "who has?", kind="arp", is_noise=True)

    assert sum(line.row.kind in ("packet", "arrive") for line in sheet(told.story("x", "", "")).lines) == 3


def test_an_arrival_of_unknown_origin_has_no_source() -> None:
    """Nobody saw it leave, so nothing claims that it did."""
    (line,) = [line for line in sheet(IMPAIRED).lines if line.row.words == "RST"]

    assert line.source is None
    assert line.target == 1


def test_routine_calls_are_left_out_where_they_are_too_many() -> None:
    """A crowd of interpreters starting up: a page with that can't be sent, and it is said that they are missing."""
    told = Telling(HostSeen("a", ()))
    lane = told.lane("a", "p", "p")
    for number in range(MOST_ROUTINE + 1):
        told.call(lane, 10 * number, 10 * number + 1, 'read(3</etc/hosts>, "", 4096)', group="file")
    told.call(lane, 200_000, 200_001, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP)", "3<TCP:[1]>")
    it = sheet(told.story("x", "", ""))

    assert [line.row.words for line in it.lines if line.row.kind == "call"] == ["socket(TCP) → 3"]
    assert it.calls_left_out == MOST_ROUTINE + 1
