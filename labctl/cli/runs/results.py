"""A run that is over -> what is told of it: results on standard output, a page where that was asked for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.cli.ci.files import write_whole
from labctl.cli.files import near
from labctl.cli.refusals import BadFiles, CannotLook, Refusal
from labctl.cli.runs.wishes import Wishes
from labctl.cli.terminal.device import Device
from labctl.cli.terminal.signals import Interrupted
from labctl.engine.contract import EngineError
from labctl.observe.names import CAPTURE, PAGE
from labctl.report.lines import bound_of, closing_line, note_lines, tally_lines
from labctl.runner.outcome import ScenarioOutcome, Verdict, exit_code

if TYPE_CHECKING:
    from labctl.observe.story import Story
    from labctl.report.document import RunDocument


_FAILED = 1


class Told(Struct, kw_only=True):
    """What is known of a run, more and more of it. `not_begun` scenarios were selected and never got a lab.
    `left_out`: the ids of those in which no given program has a part.

    `broken`: why it did not go on, where some of it had been run by then.
    """

    engine: str = ""
    outcomes: list[ScenarioOutcome] = []
    not_begun: int = 0
    left_out: frozenset[str] = frozenset()
    took_s: float = 0.0
    interrupted: Interrupted | None = None
    broken: str = ""

    @property
    def exit_code(self) -> int:
        if self.interrupted is not None:
            return self.interrupted.status
        code = exit_code(self.outcomes)
        return CannotLook.exit_code if self.broken and code != _FAILED else code


def document_of(told: Told) -> RunDocument:
    """A run as JSON has it."""
    from labctl.report.document import RunDocument, scenario_shown

    return RunDocument(
        engine=told.engine,
        exit=told.exit_code,
        took_s=round(told.took_s, 6),
        interrupted=told.interrupted.signal if told.interrupted is not None else None,
        error=told.broken or None,
        scenarios=tuple(map(scenario_shown, told.outcomes)),
    )


def report(wishes: Wishes, told: Told, device: Device) -> None:
    """Tell what came: failures, where the records are, which labs stand, and the closing line; or all of it as JSON."""
    if wishes.html is not None:
        _write_whole_page(wishes.html, told, device)
    if wishes.as_json:
        from labctl.report.document import as_json

        device.result(as_json(document_of(told)))
        return
    look = device.result_look
    for outcome in told.outcomes:
        if outcome.verdict in (Verdict.FAIL, Verdict.UNKNOWN):
            from labctl.report.failure import failure_text

            device.result(f"\n{failure_text(outcome, look)}\n")
    if wishes.see:
        for outcome in told.outcomes:
            if outcome.folder is not None:
                device.result(f"{outcome.id}: {near(outcome.folder / PAGE)}")
    for outcome in told.outcomes:
        if outcome.lab:
            device.result(f"lab {outcome.lab} stands: labctl shell {_first_up(outcome)} --lab {outcome.lab}")
    for line in note_lines(told.outcomes):
        device.result(line)
    if wishes.is_repeated:
        for line in tally_lines(told.outcomes):
            device.result(line)
    closing = closing_line(
        told.outcomes,
        engine=told.engine,
        took_s=told.took_s,
        look=look,
        not_begun=told.not_begun,
        interrupted=told.interrupted.signal if told.interrupted is not None else "",
    )
    device.result(f"{closing}; {bound_of(told.outcomes)}" if wishes.is_repeated else closing)


def write_page(folder: Path, story: Story) -> None:
    """A page about one run, into its folder."""
    from labctl.report.html.page import page

    capture = CAPTURE if (folder / CAPTURE).exists() else None
    with suppress(OSError):  # the disk may be full; `labctl show` can write it anywhere
        (folder / PAGE).write_text(page([story], capture=capture), encoding="utf-8")


def _write_whole_page(path: Path, told: Told, device: Device) -> None:
    """A page about all runs. Where it can't be written that is told, and the run is no success."""
    from labctl.observe.join import story_of
    from labctl.report.html.page import page

    stories = [story_of(outcome.folder) for outcome in told.outcomes if outcome.folder is not None]
    try:
        write_whole(path, page(stories).encode())
    except OSError as error:
        device.miss(f"the page can't be written to {path}: {error.strerror}")


def _first_up(outcome: ScenarioOutcome) -> str:
    """A host of a lab that was left standing; one that the scenario has not halted, as long as the lab can be asked."""
    from labctl.standing.visit import standing

    try:
        return standing(outcome.lab).up[0]
    except EngineError:
        return outcome.hosts[0]


def report_refusal(refusal: Refusal, device: Device) -> None:
    """Tell as JSON that nothing was run, and why."""
    from labctl.report.document import as_json

    device.result(as_json(document_of_refusal(refusal)))


def document_of_refusal(refusal: Refusal) -> RunDocument:
    """What JSON has of a run that never began."""
    from labctl.report.document import RunDocument, problems_shown

    return RunDocument(
        engine="",
        exit=refusal.exit_code,
        took_s=0.0,
        error=refusal.message,
        hint=refusal.hint or None,
        problems=problems_shown(refusal.problems) if isinstance(refusal, BadFiles) else (),
    )
