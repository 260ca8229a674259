"""What `labctl run` was asked for -> the scenarios run, their results told, and the exit code."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.cli.device import Device
from labctl.cli.files import near
from labctl.cli.refusals import BadFiles, CannotLook, Refusal
from labctl.cli.selection import select
from labctl.cli.signals import Interrupted, ending_on_signals
from labctl.cli.tellers import Lively, Plain, Quiet, Teller, Verbose, is_watched
from labctl.engine.choose import EngineName, choose, maker_of
from labctl.engine.contract import Engine, EngineError, Say
from labctl.observe.names import CAPTURE, PAGE
from labctl.plan.model import Plan
from labctl.report.lines import closing_line
from labctl.runner.events import Event, ScenarioEnded
from labctl.runner.facts import import_meanwhile
from labctl.runner.outcome import ScenarioOutcome, Verdict, exit_code
from labctl.runner.run import Options, run_all
from labctl.runner.select import Selected, jobs_of

if TYPE_CHECKING:
    from labctl.observe.story import Story


class Wishes(Struct, frozen=True, kw_only=True):
    """What the command line asks for. `keep` is `always`, `on-fail` or None; `lab` the name of a lab that stands.

    An empty `keyword` lets all through. `see`: record packets and system calls; `html`: and write a page of them there.
    """

    targets: tuple[str, ...]
    engine: EngineName
    keyword: str
    stop_at_first: bool
    jobs: int
    keep: str | None
    lab: str | None
    see: bool
    html: Path | None
    timeout_scale: float
    as_json: bool
    is_verbose: bool
    is_quiet: bool


class _Told(Struct, kw_only=True):
    """What is known of a run, more and more of it. `not_begun` scenarios were selected and never got a lab."""

    engine: str = ""
    outcomes: list[ScenarioOutcome] = []
    not_begun: int = 0
    took_s: float = 0.0
    interrupted: Interrupted | None = None

    @property
    def exit_code(self) -> int:
        return exit_code(self.outcomes) if self.interrupted is None else self.interrupted.status


def run_scenarios(wishes: Wishes) -> int:
    """Run them, tell the results, and return the exit code. A Refusal goes through, told as JSON if that is wished."""
    began_s = time.monotonic()
    gc.freeze()  # main() turned it off for the imports
    gc.enable()
    device = Device()
    try:
        selected = select(wishes.targets, wishes.keyword, device)
        if not wishes.is_quiet:
            _warn(selected, device)
        teller = _teller(wishes, selected, device)
        with ending_on_signals(teller.notice):
            told = _run(wishes, selected, teller)
            told.took_s = time.monotonic() - began_s
            _report(wishes, told, device)
            return device.ending(told.exit_code)
    except Refusal as refusal:
        if wishes.as_json:
            _report_refusal(refusal, device)
        raise


def _teller(wishes: Wishes, selected: Sequence[Selected], device: Device) -> Teller:
    if wishes.is_quiet:
        return Quiet(device)
    if wishes.is_verbose:
        abouts = {one.id: one.scenario.about for one in selected}
        return Verbose(device, abouts, shows_results=not wishes.as_json)
    if is_watched():
        return Lively(len(selected), shows_results=not wishes.as_json)
    return Plain(device, shows_results=not wishes.as_json)


def _run(wishes: Wishes, selected: Sequence[Selected], teller: Teller) -> _Told:
    """Run what was selected. An interrupt ends here, when every lab is down."""
    told = _Told(not_begun=len(selected))

    def hear(event: Event) -> None:
        if isinstance(event, ScenarioEnded):
            told.outcomes.append(event.outcome)
            told.not_begun -= 1
        teller.hear(event)

    def say(words: str) -> None:
        if not wishes.is_quiet:
            teller.device.progress(f"labctl: {words}")

    try:
        plans = [one.plan.all_attended() if wishes.see else one.plan for one in selected]
        engine = _engine(wishes, plans, say)
        told.engine = engine.name
        if wishes.see:
            import_meanwhile("labctl.report.html.page")
        jobs, skipped = jobs_of(selected, engine=engine.name)
        with teller:
            for outcome in skipped:
                hear(ScenarioEnded(len(jobs), outcome))
            if jobs:
                run_all(jobs, engine, _options(wishes), hear)
    except EngineError as error:
        raise CannotLook(str(error), hint=error.hint) from error
    except (KeyboardInterrupt, Interrupted) as interrupt:
        told.interrupted = interrupt if isinstance(interrupt, Interrupted) else Interrupted.by_keyboard()
    order = {one.id: place for place, one in enumerate(selected)}
    told.outcomes.sort(key=lambda outcome: order[outcome.id])
    return told


def _engine(wishes: Wishes, plans: Sequence[Plan], say: Say) -> Engine:
    if wishes.lab is not None:
        from labctl.standing.visit import StandingEngine

        return StandingEngine(wishes.lab)
    engine = choose(wishes.engine, plans, say)
    if wishes.keep is None:
        return engine
    from labctl.standing.keep import KeepingEngine

    return KeepingEngine(maker_of(engine))


def _options(wishes: Wishes) -> Options:
    return Options(
        jobs=wishes.jobs,
        keep=wishes.keep == "always",
        keep_on_fail=wishes.keep == "on-fail",
        stop_at_first=wishes.stop_at_first,
        slack=wishes.timeout_scale,
        see=wishes.see,
        show=_write_page,
    )


def _warn(selected: Sequence[Selected], device: Device) -> None:
    for warning in dict.fromkeys(warning for one in selected for warning in one.scenario.warnings):
        device.progress(f"warning: {warning}")


def _report(wishes: Wishes, told: _Told, device: Device) -> None:
    if wishes.html is not None:
        _write_whole_page(wishes.html, told)
    if wishes.as_json:
        from labctl.report.document import RunDocument, as_json, scenario_shown

        document = RunDocument(
            engine=told.engine,
            exit=told.exit_code,
            took_s=round(told.took_s, 6),
            interrupted=told.interrupted.signal if told.interrupted is not None else None,
            scenarios=tuple(map(scenario_shown, told.outcomes)),
        )
        device.result(as_json(document))
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
    device.result(
        closing_line(
            told.outcomes,
            engine=told.engine,
            took_s=told.took_s,
            look=look,
            not_begun=told.not_begun,
            interrupted=told.interrupted.signal if told.interrupted is not None else "",
        )
    )


def _write_page(folder: Path, story: Story) -> None:
    """A page about one run, into its folder."""
    from labctl.report.html.page import page

    capture = CAPTURE if (folder / CAPTURE).exists() else None
    with suppress(OSError):  # the disk may be full; `labctl show` can write it anywhere
        (folder / PAGE).write_text(page([story], capture=capture), encoding="utf-8")


def _write_whole_page(path: Path, told: _Told) -> None:
    """A page about all runs. A Refusal where it can't be written."""
    from labctl.observe.join import story_of
    from labctl.report.html.page import page

    stories = [story_of(outcome.folder) for outcome in told.outcomes if outcome.folder is not None]
    try:
        path.write_text(page(stories), encoding="utf-8")
    except OSError as error:
        raise CannotLook(f"the page can't be written to {path}: {error.strerror}") from error


def _first_up(outcome: ScenarioOutcome) -> str:
    """A host of a lab that was left standing; one that the scenario has not halted, as long as the lab can be asked."""
    from labctl.standing.visit import standing

    try:
        return standing(outcome.lab).up[0]
    except EngineError:
        return outcome.hosts[0]


def _report_refusal(refusal: Refusal, device: Device) -> None:
    from labctl.report.document import RunDocument, as_json, problems_shown

    document = RunDocument(
        engine="",
        exit=refusal.exit_code,
        took_s=0.0,
        error=refusal.message,
        hint=refusal.hint or None,
        problems=problems_shown(refusal.problems) if isinstance(refusal, BadFiles) else (),
    )
    device.result(as_json(document))
