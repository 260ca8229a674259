"""Colours on a real terminal and off it: option > NO_COLOR > FORCE_COLOR > pyproject.toml > terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labctl.scenario.problems import printable
from tests.unit.cli.conftest import Run

BOLD = b"\x1b[1m"


def said(words: tuple[str, ...], environment: dict[str, str], *, terminal: bool) -> bytes:
    """What `labctl` with these words writes on standard output, a pseudo-terminal or a pipe."""
    known = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    ours, theirs = os.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "labctl", *words],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**known, "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[4])} | environment,
    ) as child:
        os.close(theirs)
        whole = b""
        try:
            while piece := os.read(ours, 1 << 16):
                whole += piece
        except OSError:  # EIO: the terminal has no writer any more
            pass
        os.close(ours)
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode == 0
    return whole


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize(
    ("option", "environment", "project", "colour"),
    [
        (None, {}, None, None),
        ("always", {}, None, True),
        ("never", {}, None, False),
        ("auto", {}, None, None),
        ("always", {"NO_COLOR": "1"}, None, True),
        ("never", {"FORCE_COLOR": "1"}, None, False),
        ("auto", {"NO_COLOR": "1"}, None, False),
        (None, {"NO_COLOR": "1"}, None, False),
        (None, {"FORCE_COLOR": "1"}, None, True),
        (None, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, None, False),
        (None, {"NO_COLOR": "", "FORCE_COLOR": ""}, None, None),
        (None, {}, "always", True),
        (None, {}, "never", False),
        (None, {"NO_COLOR": "1"}, "always", False),
        (None, {"FORCE_COLOR": "1"}, "never", True),
        ("auto", {}, "always", None),
        ("never", {}, "always", False),
    ],
)
def test_who_says_whether_there_are_colours(
    folder: Path,
    option: str | None,
    environment: dict[str, str],
    project: str | None,
    colour: bool | None,
    terminal: bool,
) -> None:
    """None: whoever looks does."""
    if project is not None:
        (folder / "pyproject.toml").write_text(f"[tool.labctl]\ncolor = '{project}'\n")
    words = ("ls", "labs", *(() if option is None else ("--color", option)))

    assert (BOLD in said(words, environment, terminal=terminal)) is (terminal if colour is None else colour)


@pytest.mark.parametrize(
    ("words", "colour"),
    [
        (("--color", "always", "ls", "labs"), True),
        (("--color", "always", "ls", "labs", "--color", "never"), False),
        (("--color", "never", "ls", "--color", "always", "labs"), True),
        (("run", "--dry-run", "--color", "always", "labs"), True),
        (("explain", "--color", "always", "labs/a.yaml"), True),
        (("validate", "labs"), False),
    ],
)
def test_it_may_stand_before_the_command_or_behind_it(folder: Path, words: tuple[str, ...], colour: bool) -> None:
    """What stands behind it counts."""
    assert (b"\x1b[" in said(words, {}, terminal=False)) is colour


def test_another_word_is_a_wrong_command_line(labctl: Run, folder: Path) -> None:
    code, out, err = labctl("ls", "--color", "blue")

    assert (code, out) == (2, "")
    assert "'blue' is not one of 'auto', 'always', 'never'" in printable(err)
