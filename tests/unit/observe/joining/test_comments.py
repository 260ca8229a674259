"""A story -> words for packets of its capture."""

from __future__ import annotations

from labctl.observe.joining.comments import comments
from labctl.observe.packet.model import UDP
from tests.unit.observe.joining.runs import Run
from tests.unit.observe.joining.test_joined import datagrams
from tests.unit.observe.packets import PORT


def test_a_packet_that_a_rule_decided_about_says_so_where_it_arrived() -> None:
    """And the first one of a step says that the step had begun."""
    run = Run()
    datagrams(run, b"1", b"2")
    row = ["r", "client", 2, "drop", 2_000_000, 0, UDP, 40000, PORT, 0, 1, 2]
    run.rule(0.5, "drop [2]", row)
    assert comments(run.story()) == {0: ["step 1 began before this: talk"], 3: ["lost here by `drop [2]`"]}


def test_how_much_later_a_packet_was_let_in_is_said() -> None:
    """And that it was doubled, where both were done to it."""
    run = Run()
    datagrams(run, b"1")
    rows = [
        ["r", "client", 1, action, 1_150_000, release_ns, UDP, 40000, PORT, 0, 1, 1]
        for action, release_ns in (("delay", 21_150_000), ("duplicate", 0))
    ]
    run.rule(0.5, "delay 20ms", *rows)
    late = "held back by `delay 20ms`, let in 20.0 ms later, doubled here by `delay 20ms`"
    assert comments(run.story())[1] == [late]


def test_what_else_is_said_of_a_packet_stands_behind_the_rule() -> None:
    """It is no word of the scenario's."""
    run = Run()
    datagrams(run, b"1")
    row = ["r", "client", 1, "corrupt", 1_000_000, 1_000_000, UDP, 40000, PORT, 0, 1, 1]
    run.rule(0.5, "corrupt [1]", row, visible=False)
    assert comments(run.story())[1] == ["damaged here by `corrupt [1]`; its kernel threw it away"]
