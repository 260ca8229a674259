"""On each engine every shipped scenario passes, all of data/ passes, and every mutant fails where and as it says.

A mutant is a scenario with one wrong expectation. A comment on the first line of the step that must fail holds a
piece of what must be said of it: `# fails: PIECE`. Where each step passes and nothing can be said all the same, it is
a piece of the reason: `# unknown: PIECE`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labctl.report.failure import failure_text
from labctl.report.look import Look
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.select import ScenarioFile, load, scenario_id
from tests.live.conftest import SHIPPED, Outcomes, short

DATA = Path(__file__).parent / "data"
ALL_MUTANTS = sorted((DATA / "mutants").glob("*.yaml"))
UNTOLD = [file for file in ALL_MUTANTS if "  # unknown: " in file.read_text()]
MUTANTS = [file for file in ALL_MUTANTS if file not in UNTOLD]


def _told(outcome: ScenarioOutcome) -> str:
    return failure_text(outcome, Look())


@pytest.mark.parametrize("file", [*SHIPPED, *sorted(DATA.glob("*.yaml"))], ids=short)
def test_scenario_passes(file: Path, outcomes: Outcomes) -> None:
    """With every family that it names."""
    came = outcomes[file]

    if came[0].verdict is Verdict.SKIPPED:
        pytest.skip(came[0].reason)
    assert [outcome.verdict for outcome in came] == [Verdict.PASS] * len(came), "\n".join(map(_told, came))


@pytest.mark.parametrize("file", MUTANTS, ids=short)
def test_mutant_fails_at_the_right_step_with_the_right_words(file: Path, outcomes: Outcomes) -> None:
    """Nothing before that step fails, and nothing after it is run."""
    line, piece = _expected(file, "fails")
    [outcome] = outcomes[file]
    judged = [step for step in outcome.steps if step.verdict not in (Verdict.PASS, Verdict.NOT_RUN)]

    assert outcome.verdict is Verdict.FAIL, _told(outcome)
    assert [step.at.line for step in judged] == [line], _told(outcome)
    assert piece in "\n".join(judged[0].complaints)


@pytest.mark.parametrize("file", UNTOLD, ids=short)
def test_what_did_not_happen_as_asked_is_unknown_though_all_steps_pass(file: Path, outcomes: Outcomes) -> None:
    """And the reason is told."""
    _, piece = _expected(file, "unknown")
    [outcome] = outcomes[file]

    assert {step.verdict for step in outcome.steps} == {Verdict.PASS}, _told(outcome)
    assert outcome.verdict is Verdict.UNKNOWN, "it passes"
    assert piece in outcome.reason


def _expected(mutant: Path, what: str) -> tuple[int, str]:
    """The line that is marked, and a piece of what must be said."""
    marked = [
        (number, found[1])
        for number, text in enumerate(mutant.read_text().splitlines(), start=1)
        if (found := re.search(rf"  # {what}: (.+)$", text))
    ]
    assert len(marked) == 1, f"{mutant} marks {len(marked)} lines"
    return marked[0]


@pytest.mark.parametrize("file", SHIPPED, ids=short)
def test_shipped_scenario_teaches(file: Path) -> None:
    """It has a name, says what is claimed, can be chosen by a tag, and says at its steps what to see and why."""
    loaded = load([ScenarioFile(scenario_id(file), file)])
    scenario = loaded.selected[0].scenario

    assert loaded.warnings == ()
    assert scenario.name != file.stem
    assert scenario.about
    assert scenario.tags
    assert len([step for step in scenario.steps if step.why]) > len(scenario.steps) / 2
