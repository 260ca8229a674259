"""The record of one run of scenarios/basic.yaml -> its story, pinned: the tutorial's walk through both programs.

The record is a real one, from network namespaces; most of what the interpreter does before the programs begin is cut
out of the traces. tests/live holds every scenario's story against tshark and the raw traces.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec.structs import replace

from labctl.observe.join import joined, story_of
from labctl.observe.records import read_folder
from labctl.report.ladder.page import choice_of, told
from labctl.report.look import Look
from labctl.report.story_json import as_json

GOLDEN = Path(__file__).parents[2] / "golden" / "story"
BASIC = GOLDEN / "basic"


def test_the_tutorials_walk_through_is_drawn_in_order() -> None:
    """socket, bind, listen, accept waits; socket, connect, SYN, SYN-ACK, ACK, accept returns; write, data, read …"""
    look = Look(beyond_ascii=True)
    drawn = told(story_of(BASIC), choice_of(only=None, everything=False, width=100), look, width=100)
    assert "".join(f"{line}\n" for line in drawn) == (GOLDEN / "basic.txt").read_text()


def test_the_same_record_gives_the_same_story_to_the_byte() -> None:
    """Nothing in it depends on when or where it is read."""
    assert as_json(joined(read_folder(BASIC))) == as_json(joined(read_folder(BASIC)))


def test_each_write_is_tied_to_the_segment_that_carried_it_and_each_read_to_what_it_brought() -> None:
    """By where their bytes lie in the stream."""
    story = story_of(BASIC)
    tied = {
        (story.lanes[call.lane].program, call.name): [story.packets[number].words for number in call.packets]
        for call in story.calls
        if call.packets
    }
    assert tied["client", "sendto"] == tied["server", "recvfrom"] == ["DATA 5"]
    assert tied["server", "sendto"] == tied["client", "recvfrom"] == ["DATA 18"]
    assert tied["client", "connect"] == ["SYN", "SYN ACK", "ACK"]
    assert tied["server", "accept4"] == ["SYN", "ACK"]
    assert tied["client", "close"] == tied["server", "close"] == ["FIN"]


def test_a_record_that_is_cut_tells_what_could_be_read_and_what_not() -> None:
    """Packets up to the cut, calls up to the cut, and two problems."""
    records = read_folder(BASIC)
    assert records.capture is not None
    assert records.traces is not None
    traces = {key: text[: len(text) // 2] for key, text in records.traces.items()}
    half = records.capture[: len(records.capture) // 2]
    whole, cut = joined(records), joined(replace(records, capture=half, traces=traces))
    assert 0 < len(cut.packets) < len(whole.packets)
    assert 0 < len(cut.calls) < len(whole.calls)
    assert [problem.split(":")[0] for problem in cut.problems] == ["the capture", "server's trace", "client's trace"]


def test_a_journal_with_garbage_in_it_is_read_around_it() -> None:
    """What a full disk or a kill leaves."""
    records = read_folder(BASIC)
    broken = replace(records, lines=(*records.lines[:3], {"event": "output", "t": 1}, *records.lines[3:-2]))
    story = joined(broken)
    assert len(story.steps) == 4
    assert story.problems == ("the journal's line about 'output' says too little",)


def test_without_traces_packets_belong_to_the_only_program_of_their_host() -> None:
    """And it is said that calls were not recorded."""
    story = joined(replace(read_folder(BASIC), traces=None))
    assert {story.lanes[packet.lane].program for packet in story.packets if packet.kind == "tcp"} == {
        "server",
        "client",
    }
    assert story.problems == ("system calls were not recorded: `labctl run --see` does",)


def test_without_a_plan_hosts_are_those_that_were_seen(tmp_path: Path) -> None:
    """Packets and calls have their lanes, and that the plan can't be read is said, whatever is in its place."""
    whole = story_of(BASIC)
    shutil.copytree(BASIC, tmp_path, dirs_exist_ok=True)
    for text in ("", "[1]", '{"hosts": [{"name": "cheerios"}]}', '{"hosts": 3}'):
        (tmp_path / "plan.json").write_text(text)
        story = story_of(tmp_path)
        assert len(story.packets) == len(whole.packets)
        assert {lane.host for lane in story.lanes} == {lane.host for lane in whole.lanes}
        assert "the plan of the lab can't be read" in story.problems


def test_a_run_that_came_to_no_verdict_is_called_unfinished() -> None:
    """It was killed, or runs yet."""
    story = replace(story_of(BASIC), verdict="")
    first = next(told(story, choice_of(only=None, everything=False, width=100), Look(beyond_ascii=True), width=100))
    assert first.startswith("unfinished ")
