"""On each engine a run's report and its records say where each host was and what was set there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labctl.report.document import scenario_shown
from labctl.scenario.read import read_scenario
from tests.live.conftest import Outcomes

SCENARIO = Path(__file__).parent / "data" / "sysctls.yaml"


@pytest.mark.parametrize("file", [SCENARIO], ids=["sysctls"])
def test_report_and_records_tell_addresses_and_settings(file: Path, outcomes: Outcomes) -> None:
    """The same in both: those of the lab that stood, and what the scenario declared told apart."""
    [outcome] = outcomes[file]
    hosts = read_scenario(file, services=None).hosts
    assert hosts is not None
    assert outcome.folder is not None
    shown = {host.name: host for host in scenario_shown(outcome).machines}
    [up] = [event for event in _journal(outcome.folder) if event["event"] == "lab-up"]

    assert {name: host.declared for name, host in shown.items()} == {spec.service: spec.sysctls for spec in hosts}
    assert shown["client"].pinned["net.core.somaxconn"] == "4096"
    assert "net.core.somaxconn" not in shown["cheerios"].pinned
    assert all(len(host.addresses) == 2 for host in shown.values())
    assert up["hosts"] == {
        name: {"addresses": list(host.addresses), "pinned": host.pinned, "declared": host.declared}
        for name, host in shown.items()
    }
    plan = json.loads((outcome.folder / "plan.json").read_text())
    assert [(host["address4"], host["address6"]) for host in plan["hosts"]] == [
        host.addresses for host in shown.values()
    ]


def _journal(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
