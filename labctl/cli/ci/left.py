"""A run, or why there was none -> what others find of it: JUnit and JSON in files, and what GitHub shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from labctl.cli.ci.files import demand_writable, write_whole
from labctl.cli.refusals import BadFiles, NothingSelected, Refusal
from labctl.cli.runs.wishes import Wishes
from labctl.cli.terminal.device import Device
from labctl.runner.outcome import ScenarioOutcome, StepOutcome, Verdict
from labctl.runner.select import Selected
from labctl.scenario.problems import Problem, printable

if TYPE_CHECKING:
    from labctl.cli.runs.results import Told


def demand_places(wishes: Wishes) -> None:
    """Every file that is asked for can be written. BadOptions otherwise."""
    demand_writable({"--junit": wishes.junit, "--json": wishes.json_file, "--html": wishes.html})


def leave(
    wishes: Wishes,
    told: Told,
    selected: Sequence[Selected],
    device: Device,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Of a run: also of one that was interrupted or broke. What can't be written is told, and makes it no success."""
    outcomes = [*told.outcomes, *_unfinished(wishes, told, selected)]
    if wishes.json_file is not None:
        from labctl.cli.runs.results import document_of
        from labctl.report.document import as_json

        _write("the JSON document", wishes.json_file, as_json(document_of(told)).encode() + b"\n", device)
    interrupted = told.interrupted.signal if told.interrupted is not None else ""
    warnings = list(dict.fromkeys(warning for one in selected for warning in one.scenario.warnings))
    _leave(wishes, outcomes, warnings, device, environment, engine=told.engine, took_s=told.took_s, early=interrupted)


def leave_refusal(
    wishes: Wishes,
    refusal: Refusal,
    selected: Sequence[Selected],
    device: Device,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Of a run that never began: why, as an error of each scenario, or of each file with a problem."""
    if wishes.json_file is not None:
        from labctl.cli.runs.results import document_of_refusal
        from labctl.report.document import as_json

        _write("the JSON document", wishes.json_file, as_json(document_of_refusal(refusal)).encode() + b"\n", device)
    _leave(wishes, list(_refused(refusal, selected)), (), device, environment)


def leave_mistake(wishes: Wishes, error: Exception, selected: Sequence[Selected], device: Device) -> None:
    """Of a run that a mistake of labctl's own has ended."""
    leave_refusal(wishes, Refusal(f"labctl made a mistake: {type(error).__name__}: {error}"), selected, device)


def _leave(
    wishes: Wishes,
    outcomes: Sequence[ScenarioOutcome],
    warnings: Sequence[Problem],
    device: Device,
    environment: Mapping[str, str],
    *,
    engine: str = "",
    took_s: float = 0.0,
    early: str = "",
) -> None:
    if wishes.junit is not None:
        from labctl.report.ci.junit import junit

        began = datetime.now(UTC) - timedelta(seconds=took_s)
        document = junit(outcomes, engine=engine, took_s=took_s, began=began)
        _write("the JUnit file", wishes.junit, document, device)
    if environment.get("GITHUB_ACTIONS") == "true":
        from labctl.cli.ci import github

        github.annotate(outcomes, warnings, environment, saying(wishes, device))
        why = github.append_summary(outcomes, environment, engine=engine, took_s=took_s, interrupted=early)
        if why:
            device.progress(f"labctl: the job summary can't be written: {why}")


def saying(wishes: Wishes, device: Device) -> Callable[[str], None]:
    """Where GitHub is told something: it reads both streams, and a document on standard output stays one."""
    return device.progress if wishes.as_json else device.result


def _write(what: str, path: Path, data: bytes, device: Device) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        device.miss(f"{what} can't be written to {printable(str(path))}: {error.strerror or error}")


def _unfinished(wishes: Wishes, told: Told, selected: Sequence[Selected]) -> Iterator[ScenarioOutcome]:
    """Those that were selected and of which nothing came."""
    known = {outcome.id for outcome in told.outcomes}
    why, verdict = "an earlier one did not pass, and -x was given", Verdict.NOT_RUN
    if told.interrupted is not None:
        why, verdict = f"interrupted by {told.interrupted.signal} before it was over", Verdict.UNKNOWN
    elif told.broken:
        why, verdict = told.broken, Verdict.UNKNOWN
    for one in selected:
        if one.id in told.left_out:
            continue
        if one.id not in known:
            yield ScenarioOutcome(
                id=one.id,
                path=one.scenario.path,
                engine=told.engine,
                verdict=verdict,
                reason=why,
                seed=wishes.seed,
            )


def _refused(refusal: Refusal, selected: Sequence[Selected]) -> Iterator[ScenarioOutcome]:
    unknown = Verdict.UNKNOWN
    if isinstance(refusal, NothingSelected):
        return
    if isinstance(refusal, BadFiles):
        for problem in refusal.problems:
            path = Path(problem.at.file)
            step = StepOutcome(
                number=1, at=problem.at, title="read the file", verdict=unknown, complaints=(str(problem),)
            )
            yield ScenarioOutcome(id=str(path.with_suffix("")), path=path, engine="", verdict=unknown, steps=(step,))
        return
    for one in selected:
        path, reason = one.scenario.path, refusal.message
        yield ScenarioOutcome(id=one.id, path=path, engine="", verdict=unknown, reason=reason, hint=refusal.hint)
    if not selected:
        yield ScenarioOutcome(
            id="labctl run", path=Path(), engine="", verdict=unknown, reason=refusal.message, hint=refusal.hint
        )
