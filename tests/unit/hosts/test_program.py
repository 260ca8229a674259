"""What labctl knows of a program, from the frames that came."""

from __future__ import annotations

import pytest

from labctl.hosts.program import Program, signal_name
from labctl.scenario.model import Output


def program() -> Program:
    """A program that was started."""
    return Program(name="server", host="left", number=1, command=("server", "51717"), key="server#1")


def test_an_ending_is_told_in_words() -> None:
    """Its status, its signal by name, or that it runs."""
    one = program()
    assert one.ending == "still running"
    one.has_ended, one.status = True, 3
    assert one.ending == "exit 3"
    one.status, one.signal = None, 9
    assert one.ending == "signal KILL"


@pytest.mark.parametrize(("number", "name"), [(9, "KILL"), (15, "TERM"), (40, "40"), (64, "RTMAX")])
def test_a_signal_has_its_name(number: int, name: str) -> None:
    """Without SIG; a real-time one its number."""
    assert signal_name(number) == name


def test_how_it_ended_is_a_value() -> None:
    """Both streams, the time it took, its status or its signal."""
    one = program()
    one.has_ended, one.signal = True, 15
    one.started_ns, one.ended_ns = 1_000_000_000, 3_500_000_000
    one.printed["stdout"] += b"out"
    ended = one.as_ended()
    assert (ended.status, ended.signal, ended.stdout, ended.stderr, ended.took_s) == (None, "TERM", b"out", b"", 2.5)


def test_a_text_on_the_screen_is_taken_once() -> None:
    """What was matched is passed: the next wait for the same text wants it to be printed again."""
    one = program()
    one.printed["stdout"] += b"ready\n"
    assert one.take_output(Output(text="ready"))
    assert not one.take_output(Output(text="ready"))
    one.printed["stdout"] += b"ready\n"
    assert one.take_output(Output(text="ready"))


def test_both_streams_are_looked_at() -> None:
    """A text may be on either of them."""
    one = program()
    one.printed["stderr"] += b"warning: old\n"
    assert one.take_output(Output(text="warning"))
    assert one.unmatched_output() == b": old\n"


def test_a_pattern_matches_from_where_the_last_match_ended() -> None:
    """Line by line, and with bytes that are no text before it."""
    one = program()
    one.printed["stdout"] += b"\xff\xfe\nport 1\nport 2\n"
    assert one.take_output(Output(matches=r"^port \d$"))
    assert one.unmatched_output() == b"\nport 2\n"
    assert one.take_output(Output(matches=r"^port \d$"))
    assert not one.take_output(Output(matches=r"^port \d$"))
