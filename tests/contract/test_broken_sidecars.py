"""With a sidecar that isn't what it was nothing is known, and it is said."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from labctl.engine.contract import Engine
from labctl.plan.compose_file import read_compose
from labctl.plan.make import make_plan
from labctl.plan.shipped import shipped
from labctl.runner.events import Event, StepEnded
from labctl.runner.job import Job, Options
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.run import run_all
from labctl.scenario.read import read_scenario
from tests.contract.sidecars import send_signal

SCENARIO = """
hosts: {cheerios: {}, client: {}}
steps:
  - on: cheerios
    start: server-udp 51717
    ready: udp 51717
  - link: client -> cheerios
    only: udp 51717
    drop: [2]
  - on: client
    run: client-udp cheerios 51717 --count 3000
    expect: {exit: any}
  - check: server-udp
    expect: {stdout: none of this}
"""
GOOD = SCENARIO.replace("3000", "3").replace("  - check: server-udp\n    expect: {stdout: none of this}\n", "")


class Interference:
    """Does something to the sidecar when a step is over."""

    def __init__(self, engine: Engine, folder: Path, doings: dict[int, signal.Signals]) -> None:
        self._engine, self._folder, self._doings = engine, folder, doings

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepEnded) and event.outcome.number in self._doings:
            [journal] = self._folder.rglob("journal.jsonl")
            lines = [json.loads(line) for line in journal.read_text().splitlines()]
            lab = next(line["lab"] for line in lines if "lab" in line)
            hello = next(line for line in lines if str(line.get("host", "")).startswith("links of"))
            send_signal(self._engine.name, lab, hello, self._doings[event.outcome.number])


def outcome_of(engine: Engine, folder: Path, text: str, doings: dict[int, signal.Signals]) -> ScenarioOutcome:
    """What comes of a scenario while this happens to its sidecar."""
    path = folder / "s.yaml"
    path.write_text(text)
    compose = read_compose(shipped("compose.yaml"))
    scenario = read_scenario(path, services=list(compose.services))
    job = Job("s", scenario, make_plan(scenario, compose, scenario.families[0]))
    [outcome] = run_all([job], engine, Options(records=folder), Interference(engine, folder, doings))
    return outcome


@pytest.mark.parametrize("number", [2, 3])
def test_with_a_sidecar_that_was_killed_nothing_is_known(engine: Engine, tmp_path: Path, number: int) -> None:
    """Before the packets or after them: UNKNOWN, whatever the steps saw, and why."""
    outcome = outcome_of(engine, tmp_path, GOOD, {number: signal.SIGKILL})
    reason = "what looks after the links of cheerios is gone: its faults can't be relied on any more"
    assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, reason)


def test_without_interference_it_passes(engine: Engine, tmp_path: Path) -> None:
    """So that UNKNOWN means something."""
    assert outcome_of(engine, tmp_path, GOOD, {}).verdict is Verdict.PASS


@pytest.mark.parametrize("fails", [False, True])
def test_a_queue_that_lost_packets_makes_everything_unknown(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """Be it that all steps passed, or that one failed: 208 KiB of buffer, and a sidecar that doesn't come to it."""
    from labctl.engine import sidecar

    def with_stock_buffer(*given: Any, **options: Any) -> dict[str, object]:  # Any: as the real one takes them
        return sidecar.settings_for(*given, **options) | {"force_buffer": False}

    monkeypatch.setattr("labctl.engine.netns.engine.settings_for", with_stock_buffer)
    monkeypatch.setattr("labctl.engine.docker.attending.settings_for", with_stock_buffer)
    text = SCENARIO if fails else SCENARIO.replace("  - check: server-udp\n    expect: {stdout: none of this}\n", "")
    outcome = outcome_of(engine, tmp_path, text, {2: signal.SIGSTOP, 3: signal.SIGCONT})
    assert outcome.verdict is Verdict.UNKNOWN
    assert "packets were lost where cheerios receives, before they could be looked at" in outcome.reason
