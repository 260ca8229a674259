"""Drawings as ladders for a terminal: columns, rails, what fits, and what never reaches the terminal."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from labctl.observe.story import EndSeen, Lane, Moment, Story
from labctl.report.drawing import Choice, drawn
from labctl.report.frame import cells
from labctl.report.ladder import ladder, most_columns
from labctl.report.ladder.page import choice_of, told
from labctl.report.look import PLAIN, Look
from tests.unit.report.drawing.written import ADDRESS
from tests.unit.report.stories import (
    BARE,
    BASIC,
    CLIENT,
    HOSTILE,
    IMPAIRED,
    LOST,
    SERVER,
    STORIES,
    arrived,
    crowd,
    stopped,
)
from tests.unit.report.telling import Telling

ASCII = Look(beyond_ascii=False)
PAINTED = re.compile(r"\x1b\[[0-9;]*m")


def lines(story: Story, width: int = 80, look: Look = PLAIN, **choice: bool) -> list[str]:
    """The ladder of a story, no wider than that."""
    wished = Choice(most_columns=most_columns(width), **choice)
    return list(ladder(drawn(story, wished), look, width=width))


def small() -> Story:
    """A datagram that comes, and one that is lost, in a step."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios", "server-udp", "server-udp 9"), it.lane("client", "client-udp", "client-udp 9")
    it.step(0, 900, "client: run client-udp 9", "One comes, and one does not.")
    it.packet(client, 120, arrived(server, 130), "UDP 2", kind="udp", text="1\\n")
    it.packet(client, 220, stopped(server, 230, "lost", "drop [2]"), "UDP 2", kind="udp", text="2\\n")
    it.call(server, 50, 150, "recvfrom(3, 0x7f, 9, 0)", "2")
    it.call(client, 110, 140, f'sendto(3, "1\\n", 2, 0, {ADDRESS}, 16)', "2")
    it.end(client, 300)
    return it.story("x", "", "")


def test_time_runs_down_and_arrows_go_from_lane_to_lane() -> None:
    """A lost packet ends in a cross at the receiver's edge; a lane that waits has gaps, one that ended is gone."""
    assert lines(small()) == [
        "   ms  cheerios                            client",
        "       server-udp 9                        client-udp 9",
        "",
        "── 1  client: run client-udp 9 ─────────────────────────────────────────────────",
        "     One comes, and one does not.",
        "0.050  │ recvfrom(3) …",
        '0.110  ╎                                   │ sendto(3, "1\\n", 10.51.0.2:51717)',
        "       ╎                                   │   → 2",
        '0.120  ╎◀────────── UDP 2 "1\\n" ───────────┤',
        "0.150  │ recvfrom → 2 after 0.10 ms        │",
        '0.220  │✗────────── UDP 2 "2\\n" ───────────┤ lost by drop [2]',
        "0.300  │                                   │ ends: exit 0",
        "",
        "│ runs   ╎ waits in a call   ✗ lost",
    ]


def test_it_is_drawn_in_ascii_where_that_is_all_there_is() -> None:
    """The same lines, as wide."""
    told = lines(small(), look=ASCII)
    assert all(line.isascii() for line in told)
    assert told[8:12] == [
        '0.120  :<---------- UDP 2 "1\\n" -----------+',
        "0.150  | recvfrom -> 2 after 0.10 ms       |",
        '0.220  |x---------- UDP 2 "2\\n" -----------+ lost by drop [2]',
        "0.300  |                                   | ends: exit 0",
    ]


def test_many_lanes_are_rails_with_the_words_beside_them() -> None:
    """Each rail has its name on the stairs above."""
    told = lines(crowd(3))
    assert told[:4] == [
        "     ms  ┌ cheerios: server-fork 51717",
        "         │  ┌ client-1: client cheerios 51717",
        "         │  │  ┌ client-2: client cheerios 51717",
        "         │  │  │  ┌ client-3: client cheerios 51717",
    ]
    assert " 10.214  │  │  ○     client-2: connect(3, 10.51.0.2:51717) …" in told
    assert " 10.216  │◀─│──┤     client-2 → cheerios: SYN" in told
    assert told[-3].startswith("         └ cheerios")
    assert "○ begins to wait" in told[-1]


def test_more_lanes_than_fit_share_a_column() -> None:
    """Then each row says whose it is."""
    told = lines(crowd(200, calls=12, packets=6), width=100)
    assert told[0] == "     ms  cheerios                                     client-1 to client-200"
    assert any(line.endswith("║ client-150: connect(3, 10.51.0.2:51717) …") for line in told)
    assert any(line.endswith("──╢ client-150") for line in told)
    assert "║ several programs" in told[-1]


@pytest.mark.parametrize("width", [60, 80, 100, 137])
@pytest.mark.parametrize("name", STORIES)
def test_no_line_is_wider_than_the_page(name: str, width: int) -> None:
    """Whatever a program or a rule is called."""
    assert [line for line in lines(STORIES[name], width) if cells(line) > width] == []


def test_a_page_that_is_too_narrow_is_sixty_wide() -> None:
    """Less can't be read."""
    assert lines(BASIC, 20) == lines(BASIC, 60)


def test_what_marks_mean_is_said_on_as_many_lines_as_it_takes() -> None:
    """Each with its mark."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios", "server", "server"), it.lane("client", "client", "client")
    it.packet(client, 100, arrived(server, 40_100), "UDP 2", kind="udp")
    it.call(server, 150, 40_200, "recvfrom(3, 0x7f, 9, 0)", "2")
    it.packet(client, 50_000, stopped(server, 50_010, "lost", "drop [2]"), "UDP 2", kind="udp")
    assert lines(it.story("x", "", ""), 60)[-2:] == [
        "│ runs   ╎ waits in a call   · no program runs   ✗ lost",
        "#1 the same packet where it arrives",
    ]


@pytest.mark.parametrize("look", [PLAIN, ASCII])
def test_nothing_that_a_program_said_steers_the_terminal(look: Look) -> None:
    """Nor passes for a line of the ladder's own."""
    text = "\n".join(told(HOSTILE, choice_of(only=None, everything=True), look, width=100))
    assert "\\x1b[31m" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_colours_come_where_there_are_colours() -> None:
    """And change nothing but colours."""
    painted = lines(LOST, look=Look(colour=True))
    assert [PAINTED.sub("", line) for line in painted] == lines(LOST)
    assert any("\x1b[31m✗" in line for line in painted)


def test_wide_characters_keep_the_columns_straight() -> None:
    """They take two places each."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios", "server", "server"), it.lane("client", "client", "client")
    it.output(server, 10, "日本語\n")
    it.call(client, 5, 20, "close(3)")
    it.call(server, 1, 30, "close(4)")
    row = next(line for line in lines(it.story("x", "", "")) if "日本語" in line)
    assert cells(row[: row.rindex("│")]) == 43


def test_what_is_under_way_for_long_leaves_here_and_arrives_there() -> None:
    """Both halves of the arrow have a number."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios", "server", "server"), it.lane("client", "client", "client")
    it.packet(client, 100, arrived(server, 40_100), "UDP 2", kind="udp")
    it.call(server, 150, 40_200, "recvfrom(3, 0x7f, 9, 0)", "2")
    it.packet(client, 200, arrived(server, 40_300), "UDP 2", kind="udp")
    rows = [line for line in lines(it.story("x", "", "")) if "UDP" in line]
    assert rows == [
        " 0.100  ·                 ┄┄── UDP 2 #1 ────┤",
        " 0.200  ╎                 ┄┄── UDP 2 #2 ────┤",
        "40.100  ╎◀─── UDP 2 #1 ──┄┄                 │ 40.0 ms under way",
        "40.300  │◀─── UDP 2 #2 ──┄┄                 │ 40.1 ms under way",
    ]


def crowded(story: Story) -> Story:
    """With more programs than have a column each: so it is drawn on rails."""
    first, last = len(story.lanes), story.moments[-1].at_ns
    lanes = [Lane(f"host{number}", "idle", "idle") for number in range(4)]
    ends = [EndSeen(lane=first + place, pid=1, at_ns=last + place, ending="exit 0", is_main=True) for place in range(4)]
    told = [Moment(end.at_ns, "end", len(story.ends) + place) for place, end in enumerate(ends)]
    moments = (*story.moments, *told)
    return replace(story, lanes=(*story.lanes, *lanes), ends=(*story.ends, *ends), moments=moments)


def test_a_packet_that_was_seen_nowhere_else_ends_in_a_question() -> None:
    """Where nobody knows whom it was for."""
    assert any("├── DATA 9 ──? seen nowhere" in line for line in lines(IMPAIRED, 100))
    assert any(line.endswith("client → ?: DATA 9  (seen nowhere else)") for line in lines(crowded(IMPAIRED), 80))


def test_a_packet_that_was_seen_nowhere_else_names_the_host_that_it_was_for() -> None:
    """Where that is known, beside its lane and on rails."""
    packets = tuple(replace(packet, to="" if packet.arrivals else "nobody") for packet in IMPAIRED.packets)
    story = replace(IMPAIRED, packets=packets)
    assert any("├── DATA 9 ──? for nobody, seen" in line for line in lines(story, 100))
    assert any(line.endswith("client → nobody: DATA 9  (seen nowhere else)") for line in lines(crowded(story), 80))


def test_headings_that_come_again_on_rails_name_those_that_do_something_below() -> None:
    """The rest of a crowd has been named at the top; where nothing happens any more, nobody is named."""
    it = Telling(SERVER)
    names = [it.lane(f"host-{name}", name, name) for name in "abcdef"]
    it.step(0, 900, "all of them")
    for place in range(48):
        it.call(names[place % 6], 10 + 20 * place, 11 + 20 * place, "listen(3, 5)")
    it.step(1_000, 1_500, "two of them")
    for place in range(48):
        it.call(names[1 + 3 * (place % 2)], 1_010 + 20 * place, 1_011 + 20 * place, "listen(3, 5)")
    assert [line[7:] for line in lines(it.story("x", "", "")) if "┌" in line or "└" in line] == [
        "┌ host-a: a",
        "│  ┌ host-b: b",
        "│  │  ┌ host-c: c",
        "│  │  │  ┌ host-d: d",
        "│  │  │  │  ┌ host-e: e",
        "│  │  │  │  │  ┌ host-f: f",
        "   ┌ host-b: b",
        "   │        ┌ host-e: e",
        "   │        └ host-e: e",
        "   └ host-b: b",
    ]
    it.step(2_000, 2_100, "nobody")
    assert not any("┌ " in line or "└ " in line for line in lines(it.story("x", "", ""))[-4:])


def test_headings_come_again_on_a_long_page() -> None:
    """At a step, and at the end."""
    named = [number for number, line in enumerate(lines(crowd(3))) if "cheerios: server-fork 51717" in line]
    assert len(named) == 2
    assert sum(line.endswith("server 51717                        client cheerios 51717") for line in lines(BASIC)) == 2
    assert "client-udp 9" not in lines(small())[-2]


def test_a_step_that_did_not_pass_says_so_and_why() -> None:
    """In its heading, and below it."""
    told = lines(LOST)
    place = next(number for number, line in enumerate(told) if line.endswith(" FAIL ──"))
    assert told[place].startswith("── 4  check client -> cheerios ──")
    assert told[place + 2] == "   ✗ dropped: expected [2, 5], came [2, 4]"


def test_a_page_says_whose_run_it_is_and_what_is_missing() -> None:
    """Verdict, name, reason and claim above; what is left out and what could not be read below."""
    page = list(told(IMPAIRED, choice_of(only=None, everything=False, width=80), PLAIN, width=80))
    assert page[:3] == ["UNKNOWN broken/cut on netns", "  host client is gone", "  It broke."]
    assert page[-1] == "✗ the capture was cut at 64 MiB: packets after 1.036 s are missing"
    page = list(told(BASIC, choice_of(only=None, everything=False, width=80), PLAIN, width=80))
    assert page[-1] == "not shown: 2 routine calls, 2 packets of the link itself (--all shows them)"


def test_a_run_in_which_nothing_happened_has_no_ladder() -> None:
    """Its reason is all there is."""
    page = list(told(BARE, choice_of(only=None, everything=False), PLAIN, width=80))
    assert page == ["UNKNOWN bare on netns", "  the lab could not be built", ""]


def test_a_program_with_a_name_of_its_own_is_called_so() -> None:
    """Where hosts don't tell programs apart, their names do."""
    it = Telling(SERVER)
    first, slow = (it.lane("cheerios", name, f"server {port}") for name, port in (("server", 1), ("slow", 2)))
    for lane in (first, slow):
        it.call(lane, 10 + lane, 20 + lane, "listen(3, 5)")
    assert lines(it.story("x", "", ""), 100)[1].split("  ")[-1] == "slow: server 2"


def test_rules_are_told_with_the_host_where_they_hold() -> None:
    """Until there are none any more."""
    it = Telling(SERVER, CLIENT)
    it.call(it.lane("cheerios", "server", "server"), 5, 6, "listen(3, 5)")
    it.rules("cheerios", 10, "drop [2]", "delay 40ms")
    it.rules("cheerios", 20)
    assert lines(it.story("x", "", ""))[-4:-2] == [
        "0.010  │  from here on at cheerios: drop [2]; delay 40ms",
        "0.020  │  from here on at cheerios: everything arrives again as it was sent",
    ]
