"""The JSON document of a run."""

from __future__ import annotations

import json
from pathlib import Path

from labctl.report.document import RunDocument, as_json, problems_shown, scenario_shown
from labctl.runner.outcome import Verdict
from labctl.scenario.problems import Position, Problem
from tests.unit.report.outcomes import MISLEADING_OUTPUT, PASSED, SKIPPED, WRONG_ANSWER, scenario

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


def test_a_run_is_written_as_its_golden_document() -> None:
    document = RunDocument(
        labctl="0.0",
        engine="netns",
        exit=1,
        took_s=0.5,
        scenarios=tuple(map(scenario_shown, (PASSED, WRONG_ANSWER, SKIPPED))),
    )

    assert as_json(document) + "\n" == (GOLDEN / "document.json").read_text()


def test_problems_of_files_are_written_with_their_places() -> None:
    problems = problems_shown([Problem(Position("x.yaml", 3, 5), "unknown key 'loss'", "write `drop`", "  loss: 1")])
    document = json.loads(as_json(RunDocument(engine="", exit=2, took_s=0, problems=problems)))

    assert document["problems"] == [
        {"file": "x.yaml", "line": 3, "column": 5, "message": "unknown key 'loss'", "hint": "write `drop`"}
    ]
    assert document["scenarios"] == []


def test_hosts_are_written_as_they_stood() -> None:
    """With their addresses, absent ones too, and what was asked for told apart from what every lab sets."""
    machines = json.loads(as_json(scenario_shown(PASSED)))["machines"]

    assert [(host["name"], host["addresses"], host["absent"]) for host in machines] == [
        ("cheerios", ["10.51.0.2", "fd51::2"], False),
        ("client", ["10.51.0.3", "fd51::3"], False),
        ("nobody", ["10.51.0.4", "fd51::4"], True),
    ]
    assert [(host["declared"], host["pinned"]) for host in machines] == [
        ({"net.core.somaxconn": "2"}, {"net.ipv4.icmp_ratelimit": "0"}),
        ({}, {"net.core.somaxconn": "4096", "net.ipv4.icmp_ratelimit": "0"}),
        ({}, {}),
    ]


def test_any_output_is_readable_json() -> None:
    document = json.loads(as_json(scenario_shown(MISLEADING_OUTPUT)))

    assert document["steps"][0]["programs"][0]["stdout"].splitlines()[0] == "PASS    labs/x  1 step  1 ms"


def test_a_path_that_is_no_text_is_readable_json() -> None:
    odd = scenario(Verdict.PASS, path=Path("labs/\udcff.yaml"))

    assert json.loads(as_json(scenario_shown(odd)))["file"] == "labs/\\udcff.yaml"
