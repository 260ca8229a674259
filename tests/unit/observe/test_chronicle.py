"""Lines of a journal -> what they tell, on one clock."""

from __future__ import annotations

from typing import Any

from labctl.observe.chronicle import chronicle
from labctl.observe.records import Line

OFFSET = 1_000_000_000_000
"""How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, in nanoseconds."""


def line(event: str, t: int, **words: Any) -> Line:  # Any: JSON's own types
    """A line that was written when it happened."""
    return {"event": event, "t": t, "wall": (t + OFFSET) / 1e9, **words}


BEGAN = line("scenario-began", 0, id="s", engine="netns", about="a claim")
HELLO = line("hello", 1, host="client", offset_ns=OFFSET + 5)
STARTED = line("started", 100, program="client#2", host="client", words=["client", "x"], pid=7)


def test_times_of_a_host_are_put_on_its_own_clock() -> None:
    """It said how far the two clocks are apart there; labctl's own lines say it themselves."""
    told = chronicle([BEGAN, HELLO, STARTED, line("step-began", 50, number=1, title="t", why="w")])
    assert told.programs[0].at_ns == 100 + OFFSET + 5
    assert told.steps[0].began_ns == 50 + OFFSET
    assert (told.id, told.engine, told.about) == ("s", "netns", "a claim")


def test_a_program_is_known_by_its_key_and_its_end_by_what_ended_it() -> None:
    """Its name is what stands before the number."""
    ended = line("ended", 200, program="client#2", host="client", status=None, signal=9)
    [program] = chronicle([HELLO, STARTED, ended]).programs
    assert (program.name, program.words, program.pid) == ("client", ("client", "x"), 7)
    assert (program.ending, program.ended_ns) == ("signal KILL", 200 + OFFSET + 5)


def test_a_step_that_is_judged_again_keeps_its_time() -> None:
    """The record was judged later; what it says counts."""
    told = chronicle(
        [
            line("step-began", 1, number=1, title="t", why=""),
            line("step-ended", 2, number=1, verdict="pass", complaints=[]),
            line("step-ended", 9, number=1, verdict="fail", complaints=["no"]),
        ]
    )
    assert (told.steps[0].verdict, told.steps[0].complaints) == ("fail", ("no",))
    assert told.steps[0].ended_ns == 2 + OFFSET


def test_what_was_decided_is_told_packet_by_packet() -> None:
    """A release of 0 is none."""
    row = ["drop #1", "client", 2, "drop", 300, 0, 17, 40000, 51717, 0, 5, 2]
    [decided] = chronicle([line("decided", 310, host="links of cheerios", rows=[row])]).decided
    assert (decided.host, decided.at_ns, decided.release_ns, decided.same) == ("cheerios", 300 + OFFSET, 0, 2)


def test_rules_are_told_from_when_on_they_are_in_force() -> None:
    """All that are, at one receiver."""
    rule: Line = {"name": "cut #1", "words": "cut reset", "fault": "cut", "answer": "reset", "senders": ["client"]}
    rule |= {"fragments": False, "protocol": 6, "port": None, "visible": False}
    [change] = chronicle([line("rules", 400, host="cheerios", rules=[rule])]).in_force
    assert (change.host, change.at_ns, change.rules[0].answer) == ("cheerios", 400 + OFFSET, "reset")


def test_a_line_that_says_too_little_is_a_problem_and_no_end() -> None:
    """The others are told."""
    told = chronicle([line("step-began", 1), line("output", 2, program="client#2"), HELLO, STARTED])
    assert len(told.programs) == 1
    assert told.problems == (
        "the journal's line about 'step-began' says too little",
        "the journal's line about 'output' says too little",
    )


def test_why_the_record_is_not_whole_is_told() -> None:
    """Each reason once."""
    lost = line("not-recorded", 1, reason="3 packets were lost")
    assert chronicle([lost, lost]).problems == ("3 packets were lost",)


def test_whether_the_damage_of_a_rule_reaches_the_program_is_told() -> None:
    """A kernel finds the other, and throws the packet away."""
    rule: Line = {"name": "c #1", "words": "corrupt [2]", "fault": "corrupt", "answer": "", "senders": ["client"]}
    rule |= {"fragments": False, "protocol": 17, "port": None}
    rules = [rule | {"visible": False}, rule | {"visible": True}]
    [change] = chronicle([line("rules", 400, host="cheerios", rules=rules)]).in_force
    assert [one.visible for one in change.rules] == [False, True]
