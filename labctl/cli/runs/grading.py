"""What `labctl grade` was asked for -> submissions graded, their reports told, and the exit code."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from labctl.cli.ci.files import demand_writable, write_whole
from labctl.cli.ci.github import unheard
from labctl.cli.refusals import BadFiles, BadPrograms, CannotLook, NothingSelected
from labctl.cli.selection import expression, select
from labctl.cli.targets import shipped_scenarios
from labctl.cli.terminal.device import Device, is_terminal
from labctl.cli.terminal.signals import ending_on_signals
from labctl.cli.terminal.tellers import Quiet
from labctl.engine.choose import EngineName, choose
from labctl.engine.contract import EngineError, Say
from labctl.grade.grading import Asked, grade
from labctl.grade.marks import Marks, Unused
from labctl.grade.submissions import Submission, submissions
from labctl.plan.given import needed
from labctl.programs.unusable import Unusable
from labctl.report.grade.table import as_csv, table_lines
from labctl.report.grade.text import report_lines
from labctl.report.measures import counted, seconds_in_words
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.select import ScenarioFile, Selected, load
from labctl.scenario.problems import printable

TAG = "tutorial"
"""Of the scenarios that programs typed from the classic tutorial keep."""
_NOT_A_TERMINAL = 100
_WIDEST = 120


class Grading(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    folders: tuple[Path, ...]
    engine: EngineName
    scenarios: tuple[str, ...]
    keyword: str
    jobs: int
    strict: bool
    csv: Path | None
    html: Path | None
    timeout_scale: float
    is_verbose: bool
    is_quiet: bool


def grade_submissions(grading: Grading) -> int:
    """Grade, tell, and write what was asked for; the exit code."""
    began_s = time.monotonic()
    device = Device()
    demand_writable({"--csv": grading.csv, "--html": grading.html})
    with unheard(os.environ, device.result):  # what submissions print is no command there
        return _graded(grading, device, began_s)


def _graded(grading: Grading, device: Device, began_s: float) -> int:
    selected = _selected(grading, device)
    try:
        found = submissions(grading.folders, [name for one in selected for name in needed(one.scenario.steps)])
    except Unusable as error:
        raise BadPrograms(str(error), hint=error.hint) from error

    def say(words: str) -> None:
        if not grading.is_quiet:
            device.progress(f"labctl: {words}")

    with ending_on_signals(Quiet(device).notice):
        try:
            engine = choose(grading.engine, [one.plan for one in selected], say)
            asked = Asked(records=Path.cwd(), jobs=grading.jobs, strict=grading.strict, slack=grading.timeout_scale)
            telling = _Telling(device, found, is_quiet=grading.is_quiet)
            marks = grade(found, selected, engine, asked, _once(say), telling)
        except EngineError as error:
            raise CannotLook(str(error), hint=error.hint) from error
        marks = replace(marks, took_s=time.monotonic() - began_s)
        _tell(marks, grading, device)
        _write(marks, grading, device)
    return device.ending(marks.exit_code)


def _selected(grading: Grading, device: Device) -> tuple[Selected, ...]:
    if grading.scenarios:
        return select(grading.scenarios, grading.keyword, device)
    loaded = load([ScenarioFile(name, path) for name, path in shipped_scenarios().items()])
    if loaded.problems:
        raise BadFiles(loaded.problems)
    holds = expression(grading.keyword)
    chosen: dict[Path, Selected] = {}
    for one in loaded.selected:
        if TAG in one.scenario.tags and holds(one.words):
            chosen.setdefault(one.scenario.path, one)  # of several families the first: IPv4
    if not chosen:
        raise NothingSelected(f"-k '{grading.keyword}' fits none of the scenarios with the tag '{TAG}'")
    return tuple(chosen.values())


class _Telling:
    """One line for each submission when its last scenario is over."""

    def __init__(self, device: Device, found: Sequence[Submission], *, is_quiet: bool) -> None:
        self._device, self._is_quiet = device, is_quiet
        self._submissions = len(found)
        self._prepared = self._ended = self._failed = 0

    def prepared(self, submission: Submission, unused: Unused | None) -> None:
        with self._device.lock:
            self._prepared += 1
            if not self._is_quiet:
                state = "can't be used" if unused is not None else "is ready"
                words = f"{printable(submission.name)} {state} ({self._prepared} of {self._submissions})"
                self._device.progress(f"labctl: {words}")

    def ended(self, submission: Submission, outcome: ScenarioOutcome) -> None:
        with self._device.lock:
            self._ended += 1
            self._failed += outcome.verdict in (Verdict.FAIL, Verdict.UNKNOWN)
            if not self._is_quiet and self._ended % 50 == 0:
                self._device.progress(f"labctl: {counted(self._ended, 'scenario')} run, {self._failed} not passed")


def _once(say: Say) -> Say:
    """Says nothing twice."""
    said: set[str] = set()

    def told(words: str) -> None:
        if words not in said:
            said.add(words)
            say(words)

    return told


def _tell(marks: Marks, grading: Grading, device: Device) -> None:
    look = device.result_look
    is_shown = is_terminal(device.results, {"TERM": "any"})
    width = min(shutil.get_terminal_size((_NOT_A_TERMINAL, 24)).columns, _WIDEST) if is_shown else _NOT_A_TERMINAL
    if not grading.is_quiet:
        for one in marks.graded:
            lines = report_lines(one, look, width=width, with_ladders=grading.is_verbose)
            device.result("\n".join(lines) + "\n")
    device.result("\n".join(table_lines(marks, look, width=width)))
    passed = sum(one.verdict is Verdict.PASS for one in marks.graded)
    of = counted(len(marks.graded), "submission")
    device.result(f"{passed} of {of} passed all, on {marks.engine}, in {seconds_in_words(marks.took_s)}")


def _write(marks: Marks, grading: Grading, device: Device) -> None:
    """Each file that was asked for; of one that can't be written any more that is told."""
    from labctl.report.grade.page import page

    for file, text in ((grading.csv, as_csv), (grading.html, page)):
        if file is None:
            continue
        try:
            write_whole(file, text(marks).encode("utf-8", "backslashreplace"))
        except OSError as error:
            device.miss(f"'{file}' can't be written: {error.strerror}")
