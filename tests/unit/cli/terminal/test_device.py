"""Where text goes, and what happens when it can't get there."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from labctl.cli.terminal.device import Device, look_of, write


class Terminal(io.StringIO):
    """Says that it is one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colour"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal(environment: dict[str, str], colour: bool) -> None:
    assert look_of(Terminal(), environment).colour is colour


@pytest.mark.parametrize(("environment", "colour"), [({"TERM": "xterm"}, False), ({"FORCE_COLOR": "1"}, True)])
def test_colours_in_a_pipe(environment: dict[str, str], colour: bool) -> None:
    assert look_of(io.StringIO(), environment).colour is colour


def test_marks_are_ascii_where_the_encoding_is() -> None:
    assert not look_of(io.TextIOWrapper(io.BytesIO(), "latin-1"), {}).beyond_ascii
    assert look_of(io.TextIOWrapper(io.BytesIO(), "UTF-8"), {}).beyond_ascii


def test_what_an_encoding_lacks_is_written_as_an_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    write(stream, "voilà ✓\n")

    assert raw.getvalue() == b"voil\\xe0 \\u2713\n"


@pytest.fixture
def broken() -> Iterator[TextIO]:
    """A pipe whose reader has gone."""
    come, go = os.pipe()
    os.close(come)
    with open(go, "w") as stream:
        yield stream


def test_a_reader_that_has_gone_ends_the_writing_and_nothing_else(
    broken: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", broken)
    device = Device()
    for _ in range(3):
        device.result("x" * 100_000)

    assert device.ending(0) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_results_that_cannot_be_written_are_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        device = Device()
        device.result("one")
        device.result("two")

    assert capsys.readouterr().err == "labctl: results can't be written: No space left on device\n"
    assert [device.ending(code) for code in (0, 1, 5)] == [3, 1, 5]


def test_closed_streams_take_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    device = Device()
    device.result("one")
    device.progress("two")

    assert device.ending(0) == 0
