"""Scenarios on several networks, which a compose.yaml of their own describes, come out the same on each engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.report.failure import failure_text
from labctl.report.look import Look
from labctl.runner.outcome import Verdict
from tests.live.conftest import Outcomes

HERE = Path(__file__).parent / "data" / "networks"


@pytest.mark.parametrize("file", [HERE / "front-and-back.yaml", HERE / "faults.yaml"], ids=lambda file: file.stem)
def test_scenario_on_several_networks_passes(file: Path, outcomes: Outcomes) -> None:
    """Names, fixed addresses, aliases, a healthcheck; faults on each network; beside each other on one subnet."""
    [outcome] = outcomes[file]

    assert outcome.verdict is Verdict.PASS, failure_text(outcome, Look())


@pytest.mark.parametrize("file", [HERE / "unhealthy.yaml"], ids=lambda file: file.stem)
def test_who_never_gets_healthy_fails_with_what_the_check_said(file: Path, outcomes: Outcomes) -> None:
    """After the time that compose.yaml gives it, not after the step's."""
    [outcome] = outcomes[file]

    assert outcome.verdict is Verdict.FAIL, failure_text(outcome, Look())
    [complaint] = outcome.steps[0].complaints
    assert "not healthy within 3 s (the healthcheck's 3 retries 1 s apart)" in complaint
    assert "exit 1 and said 'nobody listens'" in complaint
