"""On each engine every shipped scenario passes, all of data/ passes, and every mutant fails where and as it says.

A mutant is a scenario with one wrong expectation. A comment on the first line of the step that must fail holds a
piece of what must be said of it: `# fails: PIECE`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labctl.report.failure import failure_text
from labctl.report.look import Look
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.select import ScenarioFile, load, scenario_id
from tests.live.conftest import Outcomes

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
SHIPPED = sorted((ROOT / "scenarios").rglob("*.yaml"))
MUTANTS = sorted((DATA / "mutants").glob("*.yaml"))


def _short(file: Path) -> str:
    return scenario_id(file.relative_to(ROOT))


def _told(outcome: ScenarioOutcome) -> str:
    return failure_text(outcome, Look())


@pytest.mark.parametrize("file", [*SHIPPED, *sorted(DATA.glob("*.yaml"))], ids=_short)
def test_scenario_passes(file: Path, outcomes: Outcomes) -> None:
    """With every family that it names."""
    came = outcomes[file]

    if came[0].verdict is Verdict.SKIPPED:
        pytest.skip(came[0].reason)
    assert [outcome.verdict for outcome in came] == [Verdict.PASS] * len(came), "\n".join(map(_told, came))


@pytest.mark.parametrize("file", MUTANTS, ids=_short)
def test_mutant_fails_at_the_right_step_with_the_right_words(file: Path, outcomes: Outcomes) -> None:
    """Nothing before that step fails, and nothing after it is run."""
    line, piece = _expected(file)
    [outcome] = outcomes[file]
    judged = [step for step in outcome.steps if step.verdict not in (Verdict.PASS, Verdict.NOT_RUN)]

    assert outcome.verdict is Verdict.FAIL, _told(outcome)
    assert [step.at.line for step in judged] == [line], _told(outcome)
    assert piece in "\n".join(judged[0].complaints)


def _expected(mutant: Path) -> tuple[int, str]:
    """The line of the step that must fail, and a piece of the complaint."""
    marked = [
        (number, found[1])
        for number, text in enumerate(mutant.read_text().splitlines(), start=1)
        if (found := re.search(r"  # fails: (.+)$", text))
    ]
    assert len(marked) == 1, f"{mutant} marks {len(marked)} steps"
    return marked[0]


@pytest.mark.parametrize("file", SHIPPED, ids=_short)
def test_shipped_scenario_teaches(file: Path) -> None:
    """It has a name, says what is claimed, can be chosen by a tag, and says at its steps what to see and why."""
    loaded = load([ScenarioFile(scenario_id(file), file)])
    scenario = loaded.selected[0].scenario

    assert loaded.warnings == ()
    assert scenario.name != file.stem
    assert scenario.about
    assert scenario.tags
    assert len([step for step in scenario.steps if step.why]) > len(scenario.steps) / 2
