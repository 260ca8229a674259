"""What the script reads: every line and event, what is tied to what, and which conversation it is of."""

from __future__ import annotations

import pytest

from labctl.observe.story import Story
from labctl.report.html.page import page
from labctl.report.html.records import records
from labctl.report.html.sheet import sheet
from labctl.report.html.words import written
from tests.unit.report.html.reading import Read
from tests.unit.report.stories import BASIC, HOSTILE, LOST, STORIES


def events(story: Story) -> dict[str, list[object]]:
    """Each event by its full line; missing places as they are read."""
    it = sheet(story)
    found = records(it, [written(line.row) for line in it.lines])["events"]
    assert isinstance(found, list)
    return {event[0]: [*event, *[-1, [], []][len(event) - 1 :]] for event in found}


def event(story: Story, begins: str) -> list[object]:
    """The event whose full line begins so."""
    return next(it for full, it in events(story).items() if full.startswith(begins))


@pytest.mark.parametrize("name", STORIES)
def test_every_line_on_the_page_has_its_record(name: str) -> None:
    """The n-th group is the n-th line of the records, of the kind that its class says."""
    found = Read(page([STORIES[name]]))
    (it,) = found.records()
    classes = [has["class"].split()[0] for has in found.attributes("g") if has.get("class", "x")[0] in "cpsrgno"]
    kinds = {"b": "c", "e": "c", "l": "p", "a": "p", "x": "n"}

    assert [kind for kind in classes if len(kind) == 1] == [kinds.get(kind, kind) for kind in it["kind"]]
    assert all(len(it[key]) == len(it["kind"]) for key in ("views", "height", "lane", "source", "target", "other"))


def test_a_write_and_the_segment_that_carried_it_know_each_other() -> None:
    """From either a reader finds the other."""
    it = sheet(BASIC)
    found = records(it, [written(line.row) for line in it.lines])["events"]
    assert isinstance(found, list)
    wrote = next(number for number, event in enumerate(found) if event[0].startswith('write(3<TCP:[8140]>, "hello'))
    (data,) = found[wrote][2]

    assert "6 bytes" in found[data][0]
    assert wrote in found[data][2]


def test_both_directions_and_all_calls_of_a_connection_are_one_conversation() -> None:
    """What was before the connection, and steps, are of none."""
    syn, answer = event(BASIC, "TCP 10.51.0.3:40112 -> "), event(BASIC, "TCP 10.51.0.2:51717 -> ")
    wrote, bound = event(BASIC, "write(4"), event(BASIC, "bind(")

    assert syn[1] == answer[1] == wrote[1] == 0
    assert bound[1] == event(BASIC, "wait for")[1] == -1


def test_what_became_of_a_packet_is_said() -> None:
    """Which rule took it, in the scenario's words."""
    lost = [it for it in events(LOST).values() if it[3] == ["lost by client -> cheerios, udp 51717: drop [2, 4]"]]

    assert lost


def test_a_step_has_its_note_and_complaints() -> None:
    """As they are in the report."""
    assert event(LOST, "check client")[3] == [
        "The network knows what became of them.",
        "dropped: expected [2, 5], came [2, 4]",
    ]


def test_records_hold_nothing_that_cannot_be_seen() -> None:
    """The script shows them as they are."""
    (it,) = Read(page([HOSTILE])).records()
    texts = [text for event in it["events"] for text in (event[0], *(event[3] if len(event) > 3 else []))]

    assert all(character.isprintable() or character == "\n" for text in [*texts, *it["lanes"]] for character in text)
