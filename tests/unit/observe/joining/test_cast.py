"""Programs and their traces -> lanes, and what happened in each of them."""

from __future__ import annotations

from tests.unit.observe.joining.runs import Run


def test_a_trace_of_a_program_that_the_journal_lacks_is_a_problem() -> None:
    """It is left out, and not in silence."""
    run = Run()
    run.traced("lost#7", "10     0.000100000 getpid() = 10 <0.000010>\n")
    assert "the trace of lost#7 is left out: the journal doesn't have that program" in run.story().problems


def test_who_is_stopped_by_a_signal_is_told_of_it_once() -> None:
    """When it came. Once it goes on, the same signal is another one."""
    run = Run()
    server = run.program("server", "cheerios")
    run.stopped(server, 5)
    run.got(server, 7, "CONT")
    run.stopped(server, 9)
    signals = [(one.name, one.at_ns // 1_000_000) for one in run.story().signals]
    assert signals == [("STOP", 5), ("CONT", 7), ("STOP", 9)]
    assert [one.detail for one in run.story().signals if one.name == "STOP"] == ["is stopped"] * 2
