"""Outcomes -> the JSON document of `labctl run --json`: one object, in UTF-8.

Its shape is that of RunDocument and of what it holds. `format` grows when something that was there changes its
meaning or goes away; new keys may come at any time. Times are in seconds; lines and columns count from 1;
verdicts are `pass`, `fail`, `unknown`, `skipped` and `not run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct, json

from labctl import __version__
from labctl.plan.model import Plan
from labctl.report.failure import again
from labctl.report.visible import visible_text
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, StepOutcome
from labctl.scenario.problems import Problem

FORMAT = 1


class ProblemShown(Struct, frozen=True):
    """What is wrong with a file. Nothing was run then."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None


class ProgramShown(Struct, frozen=True):
    """A program of a step that didn't pass. Bytes of its output that are no UTF-8 appear as `\\xNN`.

    Of more than 256 KiB on a stream the middle is left out, and that is said there; the journal has it all.

    `ending` is words like `exit 1`, `signal KILL`, `still running`. `cut`: it printed more than is kept.
    """

    name: str
    host: str
    command: tuple[str, ...]
    ending: str
    stdout: str
    stderr: str
    cut: bool


class StepShown(Struct, frozen=True):
    """A step. `began_s` counts from the first step; `complaints` say what was expected and what came."""

    number: int
    title: str
    file: str
    line: int
    column: int
    verdict: str
    why: str | None
    began_s: float
    took_s: float
    complaints: tuple[str, ...]
    programs: tuple[ProgramShown, ...]
    notes: tuple[str, ...] = ()


class HostShown(Struct, frozen=True, kw_only=True):
    """A host as it stood. An absent one is a name and addresses that no machine has.

    The kernel settings that labctl made: `declared` are those that the scenario or compose.yaml asked for, `pinned`
    those that every lab makes so that it behaves alike on every machine and engine. No setting is in both.
    """

    name: str
    addresses: tuple[str, ...]
    absent: bool = False
    pinned: dict[str, str] = {}
    declared: dict[str, str] = {}


class ScenarioShown(Struct, frozen=True):
    """A scenario. `folder` holds its records; `again` is the command that runs it alone. `round` counts from 1 with
    `--repeat` and `--until-failure`, which keep the records, the steps and the machines of the last round and of what
    didn't pass; otherwise it is 0.

    `machines` are its hosts as they stood; there are none where the lab never came up. `in_force` says in words what
    held its programs, `internet` whether it was opened to other networks (`allow: internet`).
    `seed` took the place of the scenario's own.
    """

    id: str
    file: str
    engine: str
    verdict: str
    reason: str
    hint: str
    took_s: float
    hosts: tuple[str, ...]
    machines: tuple[HostShown, ...]
    notes: tuple[str, ...]
    folder: str | None
    lab: str
    again: str
    steps: tuple[StepShown, ...]
    in_force: dict[str, str] = {}
    internet: bool = False
    round: int = 0
    seed: int | None = None


class RunDocument(Struct, frozen=True, kw_only=True):
    """A run. `exit` is the status that labctl ends with, `interrupted` the signal that ended it early.

    `engine` is empty and `scenarios` too where `problems` or `error` kept the run from beginning.
    """

    format: int = FORMAT
    labctl: str = __version__
    engine: str
    exit: int
    took_s: float
    interrupted: str | None = None
    error: str | None = None
    hint: str | None = None
    problems: tuple[ProblemShown, ...] = ()
    scenarios: tuple[ScenarioShown, ...] = ()


def as_json(document: Struct) -> str:
    """The document's text, indented, without a newline at its end."""
    return json.format(json.encode(document), indent=2).decode()


def problems_shown(problems: Iterable[Problem]) -> tuple[ProblemShown, ...]:
    """Problems of files, for RunDocument."""
    return tuple(ProblemShown(p.at.file, p.at.line, p.at.column, p.message, p.hint) for p in problems)


def scenario_shown(outcome: ScenarioOutcome) -> ScenarioShown:
    """A scenario's outcome, for RunDocument."""
    return ScenarioShown(
        id=outcome.id,
        file=_text(outcome.path),
        engine=outcome.engine,
        verdict=outcome.verdict.value,
        reason=outcome.reason,
        hint=outcome.hint,
        took_s=round(outcome.took_s, 6),
        hosts=outcome.hosts,
        machines=() if outcome.plan is None else tuple(_machines(outcome.plan)),
        notes=outcome.notes,
        folder=None if outcome.folder is None else _text(outcome.folder),
        lab=outcome.lab,
        again=again(outcome),
        steps=tuple(map(_step_shown, outcome.steps)),
        in_force=outcome.in_force,
        internet=outcome.plan is not None and outcome.plan.internet,
        round=outcome.round,
        seed=outcome.seed,
    )


def _machines(plan: Plan) -> Iterator[HostShown]:
    for host in plan.hosts:
        yield HostShown(name=host.name, addresses=host.addresses, pinned=host.pinned, declared=host.declared)
    for absent in plan.absent:
        yield HostShown(name=absent.name, addresses=absent.addresses, absent=True)


def _text(path: Path) -> str:
    """A path as text that JSON takes: its bytes that are no UTF-8 as `\\udcNN`."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _step_shown(step: StepOutcome) -> StepShown:
    return StepShown(
        number=step.number,
        title=step.title,
        file=step.at.file,
        line=step.at.line,
        column=step.at.column,
        verdict=step.verdict.value,
        why=step.why,
        began_s=round(step.began_s, 6),
        took_s=round(step.took_s, 6),
        complaints=step.complaints,
        programs=tuple(map(_program_shown, step.programs)),
        notes=step.notes,
    )


def _program_shown(program: ProgramSeen) -> ProgramShown:
    return ProgramShown(
        name=program.name,
        host=program.host,
        command=program.command,
        ending=program.ending,
        stdout=visible_text(program.stdout),
        stderr=visible_text(program.stderr),
        cut=program.cut,
    )
