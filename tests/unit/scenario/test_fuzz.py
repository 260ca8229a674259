"""Whatever is in a file, the answer is a scenario or problems, never another error."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.scenario.model import Scenario
from labctl.scenario.problems import ScenarioError
from labctl.scenario.read import scenario_of
from labctl.scenario.source import decode
from labctl.scenario.yaml.tree import parse
from tests.torture.mutants import PIECES, mutants


def answer(content: bytes) -> Scenario | ScenarioError:
    try:
        text = decode(content, "x.yaml")
        return scenario_of(parse(text, "x.yaml"), services=("cheerios", "client"))
    except ScenarioError as error:
        return error


def is_whole(given_answer: Scenario | ScenarioError, content: bytes) -> bool:
    """Whether an answer can be shown: every problem has a place within the file."""
    if isinstance(given_answer, Scenario):
        return bool(given_answer.steps)
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    places = [problem.at for problem in given_answer.problems]
    return bool(str(given_answer)) and all(1 <= at.line <= lines and at.column >= 1 for at in places)


@settings(max_examples=600, derandomize=True, deadline=None, database=None)
@given(mutants())
def test_a_mutated_scenario_is_read_or_refused(content: bytes) -> None:
    assert is_whole(answer(content), content)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.lists(PIECES, max_size=60).map(b"".join))
def test_a_heap_of_pieces_is_read_or_refused(content: bytes) -> None:
    assert is_whole(answer(content), content)
