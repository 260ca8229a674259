"""The tortures with programs that mean harm, of endings and of streams, in short: each that is quick, once."""

from __future__ import annotations

import pytest

from labctl.engine.contract import Engine
from tests.torture import endings, hostile, streams
from tests.torture.campaign import Campaign, failures_of


@pytest.mark.parametrize(
    ("campaign", "case"),
    [(hostile.CAMPAIGN, hostile.TOGETHER), (streams.CAMPAIGN, "1 MiB, 8 programs"), (endings.CAMPAIGN, "")],
    ids=lambda one: one.name if isinstance(one, Campaign) else "",
)
def test_a_short_torture_finds_nothing(engine: Engine, campaign: Campaign, case: str) -> None:
    """Of hostile programs all are run on namespaces and some on Docker, side by side; of endings each."""
    assert failures_of(campaign, engine.name, case=case) == []


def test_a_scenario_that_is_marked_wrongly_is_found(engine: Engine) -> None:
    """The check can fail: of what another verdict came than is marked, or what took too long, that is said."""
    file = hostile.CORPUS / "fork-bomb.yaml"
    shown = {
        "reason": "",
        "verdict": "pass",
        "folder": str(file.parent),
        "steps": [
            {"number": number, "took_s": took, "complaints": [], "programs": []}
            for number, took in ((1, 1), (2, 1), (3, 3.5))
        ],
    }
    wrong = hostile.complaints(engine.name, file, shown, scale=1, overshoot_s=2.0, journal="")
    assert [one.split(": ")[1] for one in wrong] == ["expected fail", "step 3 took 3.50 s, its limit is 1 s"]
