"""Names of programs in order of time."""

from __future__ import annotations

import pytest

from labctl.scenario.model import Stop
from labctl.scenario.problems import ScenarioError
from tests.unit.scenario.written import HOSTS, scenario


def test_a_copy_of_a_counted_program_has_a_name_of_its_own() -> None:
    text = f"{HOSTS}steps:\n  - {{on: client, start: client, count: 2}}\n  - {{stop: client-4}}\n"

    assert isinstance(scenario(text).steps[-1], Stop)


def test_a_run_may_be_named_twice() -> None:
    assert scenario("steps: [{on: client, run: ls, name: look}, {on: client, run: ls, name: look}]").steps


def test_a_step_that_cannot_be_read_makes_no_program_unknown() -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario("steps: [{on: client, strat: server}, {wait: server}]")

    assert len(raised.value.problems) == 1


def test_a_start_on_an_unknown_host_still_gives_its_names() -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario("steps: [{on: clinet, start: server, count: 2}, {wait: server}, {stop: server-2}]")

    assert [problem.message for problem in raised.value.problems] == ["unknown host 'clinet'"]
