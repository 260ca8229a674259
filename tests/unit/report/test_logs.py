"""Lines of a journal -> what programs printed, a line each, that can't steer a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.report.logs import MOST_OF_A_PIECE, Logs, Wanted, programs_of, raw
from labctl.report.look import PLAIN, Look
from labctl.runner import records

BEGAN: dict[str, Any] = {"event": "scenario-began", "wall": 100.0}


def output(text: str, at_s: float, *, program: str = "server#1", host: str = "cheerios", stream: str = "stdout") -> Any:
    words = {"program": program, "host": host, "stream": stream, "text": text, "size": len(text.encode())}
    return {"event": "output", "wall": 100.0 + at_s, **words}


def ended(program: str = "server#1") -> Any:
    return {"event": "ended", "program": program, "host": "cheerios", "wall": 109.0}


def told(*lines: Any, wanted: Wanted | None = None, look: Look = PLAIN) -> list[str]:
    logs = Logs(wanted or Wanted(), look)
    return [text for line in (BEGAN, *lines) for text in logs.lines(line)] + list(logs.rest())


def test_a_line_has_its_time_program_host_and_stream() -> None:
    assert told(output("hello\n", 1.5), output("no\n", 2, stream="stderr")) == [
        "   1.500  server on cheerios  stdout | hello",
        "   2.000  server on cheerios  stderr | no",
    ]


def test_a_line_that_comes_in_pieces_is_one_line_at_its_first_ones_time() -> None:
    assert told(output("a", 1), output("b\nc", 2), ended()) == [
        "   1.000  server on cheerios  stdout | ab",
        "   2.000  server on cheerios  stdout | c",
    ]


def test_pieces_of_two_streams_and_programs_are_kept_apart() -> None:
    lines = told(output("a", 1), output("x", 1, stream="stderr"), output("b\n", 2), output("c\n", 3, program="other#2"))

    assert [line.partition("  ")[2].strip() for line in lines] == [
        "1.000  server on cheerios  stdout | ab",
        "3.000  other on cheerios  stdout | c",
        "1.000  server on cheerios  stderr | x",
    ]


@pytest.mark.parametrize("look", [PLAIN, Look(colour=True)])
def test_escapes_are_written_out(look: Look) -> None:
    (line,) = told(output("a\x1b[2Jb\x07\n", 0, program="evil\x1b[1m#1"), look=look)

    assert line.endswith(r"| a\x1b[2Jb\x07")
    assert "\x1b[2J" not in line
    assert "evil\\x1b[1m" in line


def test_what_was_cut_is_said() -> None:
    piece = output("a\n", 1) | {"size": MOST_OF_A_PIECE + 5}
    cut = {"event": "cut", "program": "server#1", "host": "cheerios", "stream": "stdout", "wall": 102.0}

    assert [line.partition("| ")[2] for line in told(piece, cut)] == [
        "a",
        "… 5 bytes more came here",
        "… what came after this was not kept",
    ]
    assert records._SHOWN == MOST_OF_A_PIECE


def test_a_very_long_line_is_cut_and_says_so() -> None:
    (line,) = told(output("x" * 5000 + "\n", 1))

    assert line.endswith("x… (5000 bytes in this line)")


def test_programs_hosts_and_streams_are_chosen() -> None:
    lines = (output("a\n", 1), output("b\n", 1, program="client#2", host="client"), output("c\n", 1, stream="stderr"))

    def texts(wanted: Wanted) -> list[str]:
        return [line.rpartition("| ")[2] for line in told(*lines, wanted=wanted)]

    assert texts(Wanted(programs=("client",))) == ["b"]
    assert texts(Wanted(hosts=("cheerios",))) == ["a", "c"]
    assert texts(Wanted(hosts=("cheerios",), streams=("stderr",))) == ["c"]
    assert list(raw(lines, Wanted(hosts=("cheerios",)))) == ["a\n", "c\n"]


def test_the_programs_of_a_run_are_those_that_were_started() -> None:
    started = {"event": "started", "program": "server#1", "host": "cheerios"}

    assert programs_of([BEGAN, started, output("a", 1, program="x#3")]) == {"server": "cheerios"}
