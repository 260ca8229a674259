"""Reading a file costs little, and ends, whatever is in it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from labctl.scenario.problems import ScenarioError
from labctl.scenario.read import scenario_of
from labctl.scenario.reading import MOST_PROBLEMS
from labctl.scenario.yaml.tree import parse

SEEN_ONLY_WHEN_NEEDED = ("difflib", "shlex", "jsonschema", "testinfra", "dataclasses", "yaml", "unicodedata")


def answer(text: str) -> ScenarioError | None:
    try:
        scenario_of(parse(text, "x.yaml"), services=("cheerios", "client"))
    except ScenarioError as error:
        return error
    return None


@pytest.mark.parametrize("module", SEEN_ONLY_WHEN_NEEDED)
def test_the_reader_imports_no_module_before_it_is_needed(module: str) -> None:
    asked = f"import sys, labctl.scenario.read; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_a_file_is_given_up_after_a_hundred_problems() -> None:
    error = answer("".join(f"x{number}: 1\n" for number in range(4000)))

    assert error is not None
    assert len(error.problems) == MOST_PROBLEMS + 1
    assert error.problems[-1].message == "that makes 100 problems, and the file was not read to its end"


VALUES = (
    "check: {addr: '%s'}",
    "check: 'tcp %s'",
    "check: '%s'",
    "check: {socket: 'tcp://%s'}",
    "run: '%s'",
    "run: x, timeout: '%s'",
    "run: x, expect: {took: '%s'}",
    "run: x, count: '%s'",
    "run: x, stdin: '%s'",
    "run: x, '%s': 1",
    "start: x, ready: '%s'",
    "start: x, name: '%s'",
    "link: '%s'",
)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("unit", [":", " ", "a:", "<", "> ", "-> ", "a-", "1", "{a.ip}", "//"])
def test_no_value_of_a_file_takes_long(value: str, unit: str) -> None:
    text = value.replace("%s", unit * (30_000 // len(unit)) + "!")
    begun = time.process_time()
    answer(f"steps: [{{on: client, {text}}}]")

    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "steps",
    [
        "".join(f"- {{on: client, start: a{n}, count: 1000}}\n" for n in range(1300)),
        "- {on: client, start: a, count: 1000}\n" + "".join(f"- stop: b{n}\n" for n in range(2500)),
        "".join(f"- {{on: client, run: a{n}}}\n" for n in range(1600)),
    ],
    ids=["starts", "unknown programs", "runs"],
)
def test_many_steps_do_not_take_long(steps: str) -> None:
    begun = time.process_time()
    answer(f"steps:\n{steps}")

    assert time.process_time() - begun < 2
