"""What differs between two runs of a scenario by chance is left out of its normal journal, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labctl.scenario.model import Scenario
from labctl.scenario.read import read_scenario
from tests.torture.normal_journal import differences, normal

_SCENARIO = """\
hosts: {cheerios: {}, client: {count: COUNT}}
steps:
  - on: cheerios
    start: server 51717
  - on: client
    run: client cheerios 51717
"""
_UP = {"event": "lab-up", "hosts": {"cheerios": {"addresses": ["10.51.0.2"]}}}
_TOLD = {"event": "output", "program": "server#1", "stream": "stdout", "text": "from 10.51.0.2, port 40000 to 51717\n"}
_DECIDED = {"event": "decided", "rows": [["drop #1", "client", 2, "drop", 99, 0, 17, 54528, 51717, 0, 1, 2]]}


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """A scenario with one client."""
    return _scenario(tmp_path, count=1)


def _scenario(folder: Path, *, count: int) -> Scenario:
    path = folder / "x.yaml"
    path.write_text(_SCENARIO.replace("COUNT", str(count)))
    return read_scenario(path, services=("cheerios", "client"))


def journal(*lines: dict[str, Any]) -> list[bytes]:
    return [json.dumps({"t": place, "wall": 1.5, **line}).encode() for place, line in enumerate(lines)]


def test_chance_is_left_out(scenario: Scenario) -> None:
    """Times, pids, ports that a kernel chose, the lab's addresses, pieces that output came in."""
    other_up = {"event": "lab-up", "hosts": {"cheerios": {"addresses": ["10.99.1.7"]}}}
    pieces = [_TOLD | {"text": text} for text in ("from 10.99.1.7, ", "port 51003 to 51717\n")]
    facts = [{"event": "in-force", "facts": {"limits": "few", "subnet": f"10.{n}.0.0/28"}} for n in (51, 99)]
    one = journal(_UP, facts[0], _TOLD, {"event": "started", "program": "server#1", "pid": 8}, _DECIDED)
    other = journal(
        other_up, facts[1], {"event": "started", "program": "server#1", "pid": 9, "t": 2}, *pieces, _DECIDED
    )

    assert normal(one, scenario) == normal(other, scenario)
    assert "port <number> to 51717" in normal(one, scenario)


@pytest.mark.parametrize(
    "changed",
    [
        _TOLD | {"text": "from 10.51.0.2, port 40000 to 51718\n"},
        _TOLD | {"stream": "stderr"},
        _DECIDED | {"rows": [["drop #1", "client", 3, "drop", 99, 0, 17, 54528, 51717, 0, 1, 2]]},
        {"event": "ended", "program": "server#1", "status": 1},
    ],
)
def test_what_came_is_not_left_out(scenario: Scenario, changed: dict[str, Any]) -> None:
    """Nor which stream it came on, which datagram was lost, or how a program ended."""
    kept = [line for line in (_UP, _TOLD, _DECIDED) if line["event"] != changed["event"]]
    before = normal(journal(_UP, _TOLD, _DECIDED), scenario)

    assert normal(journal(*kept, changed), scenario) != before


def test_the_order_of_copies_is_chance_and_what_came_of_them_is_not(tmp_path: Path) -> None:
    both: list[dict[str, Any]] = [
        {"event": "ended", "program": f"client-{number}#{number}", "host": f"client-{number}", "status": number % 2}
        for number in (1, 2)
    ]
    scenario = _scenario(tmp_path, count=2)
    swapped = [one | {"status": 1 - one["status"]} for one in both]
    failed = [one | {"status": 1} for one in both]

    assert normal(journal(*both), scenario) == normal(journal(*swapped), scenario)
    assert normal(journal(*both), scenario) != normal(journal(*failed), scenario)


def test_differences_are_named() -> None:
    assert list(differences("a\nb\n", "a\nc\n")) == ["- b", "+ c"]
    assert list(differences("a\nb\n", "b\na\n")) == ["in another order: a / b"]
    assert list(differences("a\n", "a\n")) == []
