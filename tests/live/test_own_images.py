"""The example of docs/images.md, a host on which nothing but netcat is, holds on each engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.runner.outcome import Verdict
from tests.live.conftest import Outcomes

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "own-image" / "talk.yaml"


@pytest.mark.parametrize("file", [EXAMPLE], ids=["own-image"])
def test_the_example_holds_and_says_whose_python_runs_its_agent(file: Path, outcomes: Outcomes) -> None:
    """On Docker labctl's own, put into a copy of the image; on namespaces there is no image."""
    [outcome] = outcomes[file]
    told = "host netcat: there is no Python in the image 'labctl-own-image-netcat'"

    assert outcome.verdict is Verdict.PASS, outcome.reason
    assert any(note.startswith(told) for note in outcome.notes) == (outcome.engine == "docker")
