"""What `labctl run` was asked for -> the scenarios run, their results told, and the exit code."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack

import click
from msgspec.structs import replace

from labctl.cli.ci.github import unheard
from labctl.cli.ci.left import demand_places, leave, leave_mistake, leave_refusal, saying
from labctl.cli.refusals import CannotLook, Refusal
from labctl.cli.runs.dry_run import show_plan
from labctl.cli.runs.giving import giving
from labctl.cli.runs.results import Told, report, report_refusal, write_page
from labctl.cli.runs.wishes import Wishes
from labctl.cli.selection import only_failed, select
from labctl.cli.terminal.device import Device
from labctl.cli.terminal.signals import Interrupted, ending_on_signals
from labctl.cli.terminal.tellers import Lively, Plain, Quiet, Teller, Verbose, is_watched
from labctl.engine.choose import choose, maker_of
from labctl.engine.contract import Engine, EngineError, Say
from labctl.plan.model import Plan
from labctl.report.lines import result_line
from labctl.report.measures import counted
from labctl.runner.events import Event, ScenarioEnded
from labctl.runner.facts import import_meanwhile
from labctl.runner.last_failed import note
from labctl.runner.outcome import Verdict
from labctl.runner.run import Options, run_all
from labctl.runner.select import Selected, jobs_of

TELLS_EVERY_S = 10.0
"""Where nobody watches a live view: between one word about how many rounds are done and the next."""
_NOT_PASSED = (Verdict.FAIL, Verdict.UNKNOWN)


def run_scenarios(wishes: Wishes) -> int:
    """Run them, tell the results, and return the exit code. A Refusal goes through, told as JSON if that is wished."""
    began_s = time.monotonic()
    gc.freeze()  # main() turned it off for the imports
    gc.enable()
    device = Device()
    demand_places(wishes)
    selected: tuple[Selected, ...] = ()
    shield = unheard(os.environ, saying(wishes, device))
    try:
        with ExitStack() as shielded, ExitStack() as signals:
            shielded.enter_context(shield)
            selected = _chosen(wishes, device)
            if wishes.dry_run:
                return show_plan(wishes, selected, device)
            teller = _teller(wishes, selected, device)
            signals.enter_context(ending_on_signals(teller.notice))  # until all is left: a further one changes nothing
            told = _run(wishes, selected, teller)
            told.took_s = time.monotonic() - began_s
            if not note(told.outcomes):
                device.progress("labctl: nothing can be written down for --last-failed")
            report(wishes, told, device)
            shielded.close()
            leave(wishes, told, selected, device)
        return device.ending(told.exit_code)
    except Refusal as refusal:
        if wishes.as_json:
            report_refusal(refusal, device)
        leave_refusal(wishes, refusal, selected, device)
        raise
    except click.ClickException:  # the command line itself is wrong
        raise
    except Exception as error:
        leave_mistake(wishes, error, selected, device)
        raise


def _chosen(wishes: Wishes, device: Device) -> tuple[Selected, ...]:
    """What is to be run. Warnings of the files are told."""
    selected = select(wishes.targets, wishes.keyword, device)
    if wishes.last_failed:
        selected = only_failed(selected, device)
    if not wishes.is_quiet:
        _warn(selected, device)
    return selected


def _teller(wishes: Wishes, selected: Sequence[Selected], device: Device) -> Teller:
    """Of runs that are repeated, what passed is only counted, unless each step is to be shown."""
    if wishes.is_quiet:
        return Quiet(device)
    shows_results = not wishes.as_json and not wishes.is_repeated
    if wishes.is_verbose:
        abouts = {one.id: one.scenario.about for one in selected}
        return Verbose(device, abouts, shows_results=not wishes.as_json)
    if is_watched():
        rounds = wishes.most_rounds
        return Lively(None if rounds is None else rounds * len(selected), shows_results=shows_results)
    return Plain(device, shows_results=shows_results)


def _run(wishes: Wishes, selected: Sequence[Selected], teller: Teller) -> Told:
    """Run what was selected. An interrupt ends here, when every lab is down."""
    told = Told(not_begun=len(selected))
    hear = _Ear(wishes, told, teller)

    def say(words: str) -> None:
        if not wishes.is_quiet:
            teller.device.progress(f"labctl: {words}")

    try:
        plans = [one.plan.all_attended() if wishes.see else one.plan for one in selected]
        engine = _engine(wishes, plans, say)
        told.engine = engine.name
        if wishes.see:
            import_meanwhile("labctl.report.html.page")
        with giving(
            wishes,
            selected,
            engine=lambda: maker_of(engine)(),
            say=say,
            stays=lambda: any(outcome.lab for outcome in told.outcomes),
        ) as given:
            jobs, skipped = jobs_of(given.selected, engine=engine.name, given=given.given, again_with=wishes.again_with)
            told.not_begun = len(given.selected)
            told.left_out = frozenset(one.id for one in selected) - {one.id for one in given.selected}
            with teller:
                for outcome in skipped:
                    hear(ScenarioEnded(len(jobs), outcome))
                for number in wishes.rounds() if jobs else ():
                    hear.begin(number, len(jobs))
                    run_all(jobs, engine, _options(wishes), hear)
                    if hear.ends_it():
                        break
    except EngineError as error:
        if not told.outcomes:
            raise CannotLook(str(error), hint=error.hint) from error
        told.broken = str(error)
        teller.device.progress(f"labctl: {error}" + (f"\n  {error.hint}" if error.hint else ""))
    except (KeyboardInterrupt, Interrupted) as interrupt:
        told.interrupted = interrupt if isinstance(interrupt, Interrupted) else Interrupted.by_keyboard()
    order = {one.id: place for place, one in enumerate(selected)}
    told.outcomes.sort(key=lambda outcome: (outcome.round, order[outcome.id]))
    return told


class _Ear:
    """Hears what happens, round after round: keeps what came, and has it told."""

    def __init__(self, wishes: Wishes, told: Told, teller: Teller) -> None:
        self._wishes, self._told, self._teller = wishes, told, teller
        self._round = 0
        self._told_s = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, ScenarioEnded):
            event = replace(event, outcome=replace(event.outcome, round=self._round))
            self._told.outcomes.append(event.outcome)
            self._told.not_begun -= 1
        self._teller.hear(event)
        if isinstance(event, ScenarioEnded) and self._shows(event.outcome.verdict):
            self._teller.device.result(result_line(event.outcome, self._teller.device.result_look))

    def begin(self, number: int, jobs: int) -> None:
        """A round begins. What passed in the one before is counted and its records are let go of."""
        if self._wishes.is_repeated:
            self._forget_passed()
            self._round = number
            self._told.not_begun = jobs
        if isinstance(self._teller, Plain) and time.monotonic() - self._told_s >= TELLS_EVERY_S:
            self._told_s = time.monotonic()
            self._teller.device.progress(f"labctl: {counted(number - 1, 'round')} done")

    def ends_it(self) -> bool:
        """Whether this round was the last because of what came in it."""
        wishes, outcomes = self._wishes, self._told.outcomes
        failed = any(one.verdict in _NOT_PASSED for one in outcomes if one.round == self._round)
        return failed and (wishes.until_failure or wishes.stop_at_first)

    def _shows(self, verdict: Verdict) -> bool:
        wishes = self._wishes
        if not wishes.is_repeated or wishes.is_quiet or wishes.is_verbose or wishes.as_json:
            return False
        return verdict is not Verdict.PASS

    def _forget_passed(self) -> None:
        """Many rounds would fill the disk with records of what went well."""
        for place, outcome in enumerate(self._told.outcomes):
            if outcome.verdict is Verdict.PASS and outcome.folder is not None and not outcome.lab:
                shutil.rmtree(outcome.folder, ignore_errors=True)
                self._told.outcomes[place] = replace(outcome, folder=None, plan=None, steps=())


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
        stop_at_first=wishes.stop_at_first or wishes.until_failure,
        slack=wishes.timeout_scale,
        strict=wishes.strict,
        see=wishes.see,
        show=write_page,
        seed=wishes.seed,
    )


def _warn(selected: Sequence[Selected], device: Device) -> None:
    for warning in dict.fromkeys(warning for one in selected for warning in one.scenario.warnings):
        device.progress(f"warning: {warning}")
