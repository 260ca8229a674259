"""Malformed scenarios and what is said of them: each file of tests/golden/scenario beside its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.scenario.problems import ScenarioError
from labctl.scenario.read import scenario_of
from labctl.scenario.source import read_text
from labctl.scenario.yaml.tree import parse

GOLDEN = Path(__file__).parents[2] / "golden" / "scenario"
SERVICES = ("cheerios", "client")
PAIRS = sorted(path.stem for path in GOLDEN.glob("*.yaml"))


def said_of(path: Path) -> str:
    """What a user is told of a file that lies in the current folder."""
    try:
        scenario = scenario_of(parse(read_text(path), path.name), services=SERVICES)
    except ScenarioError as error:
        return f"{error}\n"
    return "".join(f"{warning}\n" for warning in scenario.warnings)


@pytest.mark.parametrize("name", PAIRS)
def test_a_malformed_scenario_is_answered_with_its_golden_text(name: str) -> None:
    assert said_of(GOLDEN / f"{name}.yaml") == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", PAIRS)
def test_every_problem_has_a_place_and_a_line_with_a_caret(name: str) -> None:
    text = (GOLDEN / f"{name}.txt").read_text()
    heads = [line for line in text.splitlines() if line.startswith(f"{name}.yaml:")]
    carets = [line for line in text.splitlines() if line.strip().strip("|").strip() == "^"]

    assert heads
    assert len(carets) == len(heads)


def test_every_golden_text_has_its_scenario() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == PAIRS


# The words of LANGUAGE.md, "Words people bring, and what they are told", by golden pair.
FOREIGN = {
    "word-copies": "`count`",
    "word-replicas": "`count`",
    "word-scale": "`count`",
    "word-times": "`count`",
    "word-host": "`on`",
    "word-at": "`on`",
    "word-loss": "`drop: 20%`",
    "word-drop-udp": "`only: udp`",
    "word-await": "`until: {output: …}`",
    "word-expect-output": "`until: {output: …}`",
    "wait-sleep": "wait until something is so",
    "wait-time": "wait until something is so",
    "word-over": "`min`",
    "word-under": "`max`",
    "exit-sigkill": "`KILL`",
    "exit-minus-nine": "`KILL`",
    "exit-137": "`KILL`",
    "exit-not-zero": "`nonzero`",
    "word-cut-true": "`cut: silent`",
    "word-partition": "`cut: silent`",
    "word-down": "`cut: silent`",
    "word-reset": "`cut: reset`",
    "word-unreachable": "`cut: host-unreachable`",
    "word-heal-true": "`heal` as a step of its own",
    "word-flap": "`cut: silent`, then `heal: A -> B`",
    "word-packets": "`check: A -> B`",
    "port-is-listening": "`listening`",
    "word-user": "programs never have privileges",
    "word-observe": "`labctl run --see`",
    "word-capture": "`labctl run --see`",
    "word-trace": "`labctl run --see`",
    "word-needs": "leave it out",
    "word-star": "`any`",
    "word-arrow-back": "`cheerios -> client`",
    "link-cut-refused": "`reset`",
    "link-only-a-number": "`udp 51717`",
    "link-state-lost": "`arrived`",
    "word-down-host": "`halt: HOST`",
    "word-power-off": "`halt: HOST`",
    "word-shutdown": "`halt: HOST`",
    "word-kill-host": "`halt: HOST`",
    "word-stop-host": "`halt: cheerios`",
    "word-signal-host": "`halt: cheerios`",
    "word-reboot": "a halted host stays halted",
    "start-with-expect": "`wait` or `stop`",
    "start-with-stdin": "`send`",
    "yaml-comma-needs-quotes": "a text with a comma needs quotes here",
}


@pytest.mark.parametrize(("name", "right"), FOREIGN.items())
def test_a_word_from_another_tool_is_answered_with_the_right_one(name: str, right: str) -> None:
    assert right in (GOLDEN / f"{name}.txt").read_text()
