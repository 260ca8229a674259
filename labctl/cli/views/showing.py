"""What `labctl show` was asked for -> the run found, its story told, and the exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from labctl.cli.files import near
from labctl.cli.refusals import CannotLook, UnknownTarget
from labctl.cli.targets import Targets, Unknown
from labctl.cli.terminal.device import Device
from labctl.observe.names import CAPTURE
from labctl.observe.records import NotRecorded
from labctl.observe.story import Story
from labctl.runner.find_run import NoRun, find_run

NOT_A_TERMINAL = 100
"""Columns where nobody says how many there are."""


class Showing(Struct, frozen=True, kw_only=True):
    """What the command line asks for. `name` None: the newest run. `only`: `packets`, `programs` or None for both."""

    name: str | None
    html: Path | None
    mermaid: bool
    as_json: bool
    is_all: bool
    only: str | None
    width: int | None


def show_run(showing: Showing, device: Device, stories: Callable[[Path], Story] | None = None) -> int:
    """Show it; the exit code. A Refusal where there is no such run, or nothing was recorded of it.

    `stories` makes a story of a run's folder; labctl.observe's own if not given.
    """
    folder = run_called(showing.name)
    try:
        story = (stories or _story_of)(folder)
    except NotRecorded as error:
        raise CannotLook(str(error), hint="record one with `labctl run --see NAME`") from error
    if showing.html is not None:
        _write_page(showing.html, story, folder)
        device.progress(f"labctl: {folder.name} is drawn in {showing.html}")
        return 0
    if showing.as_json:
        from labctl.report.story_json import as_json

        device.result(as_json(story))
        return 0
    device.result("\n".join(_mermaid(showing, story) if showing.mermaid else _ladder(showing, story, device)))
    return 0


def run_called(name: str | None) -> Path:
    """The folder of the run of that name, None: the newest. A Refusal where there is none."""
    try:
        return near(find_run(name, Path(), _scenario(name)))
    except NoRun as error:
        raise UnknownTarget(str(error), hint=error.hint) from error


def _scenario(name: str | None) -> Path | None:
    """The file of the one scenario that a name stands for."""
    if name is None:
        return None
    try:
        files = Targets([name]).files
    except Unknown:  # the name of a run, then
        return None
    return files[0].path if len(files) == 1 else None


def _story_of(folder: Path) -> Story:
    from labctl.observe.join import story_of

    return story_of(folder)


def _write_page(path: Path, story: Story, folder: Path) -> None:
    from labctl.report.html.page import page

    capture = folder / CAPTURE
    where = os.path.relpath(capture, path.parent) if capture.exists() else None
    try:
        path.write_text(page([story], capture=where), encoding="utf-8")
    except OSError as error:
        raise CannotLook(f"the page can't be written to {path}: {error.strerror}") from error


def _mermaid(showing: Showing, story: Story) -> Iterator[str]:
    from labctl.report.drawing import drawn
    from labctl.report.ladder.page import choice_of
    from labctl.report.mermaid import sequence

    return sequence(drawn(story, choice_of(only=showing.only, everything=showing.is_all)))


def _ladder(showing: Showing, story: Story, device: Device) -> Iterator[str]:
    from labctl.report.ladder.page import choice_of, told

    width = showing.width or _width()
    choice = choice_of(only=showing.only, everything=showing.is_all, width=width)
    return told(story, choice, device.result_look, width=width)


def _width() -> int:
    """The terminal's, where there is one."""
    if sys.stdout is None or not sys.stdout.isatty():
        return NOT_A_TERMINAL
    return shutil.get_terminal_size((NOT_A_TERMINAL, 24)).columns
