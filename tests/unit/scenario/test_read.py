"""A scenario file becomes typed values: its top, its problems all at once, its warnings."""

from __future__ import annotations

import pytest

from labctl.scenario.model import Family, HostSpec
from labctl.scenario.names import hosts_of
from labctl.scenario.problems import Position, ScenarioError
from labctl.scenario.read import read_scenario
from tests.unit.scenario.written import EXAMPLES, scenario

READABLE = ("crowd", "faults", "one-message", "records", "states", "things")


@pytest.mark.parametrize("name", READABLE)
def test_an_example_is_read_without_a_warning(name: str) -> None:
    assert read_scenario(EXAMPLES / f"{name}.yaml", services=["cheerios", "client"]).warnings == ()


def test_the_top_of_a_file_is_read() -> None:
    read = read_scenario(EXAMPLES / "crowd.yaml", services=["cheerios", "client"])

    assert read.name == "a crowd"
    assert read.tags == ("tcp", "crowd")
    assert read.families == (Family.IPV4, Family.IPV6)
    assert read.several_families
    assert read.seed == 7
    assert read.skip == {"docker": "the reason, with a comma"}
    assert hosts_of(read, []) == ("cheerios", "client-1", "client-2", "client-3", "nobody")


def test_a_title_comes_from_the_file_name() -> None:
    assert scenario("steps: [{on: client, run: ls}]").name == "x"


def test_what_is_left_out_has_the_languages_defaults() -> None:
    read = scenario("steps: [{on: client, run: ls}]")

    assert (read.families, read.seed, read.hosts, read.allow_internet) == ((Family.IPV4,), 1, None, False)


def test_a_single_family_is_not_several() -> None:
    assert not scenario("ip: [6]\nsteps: [{on: client, run: ls}]").several_families


def test_a_host_may_have_an_empty_value() -> None:
    assert scenario("hosts: {client: }\nsteps: [{on: client, run: ls}]").hosts == (
        HostSpec("client", Position("folder/x.yaml", 1, 9)),
    )


def test_an_absent_host_need_not_be_a_service() -> None:
    assert scenario("hosts: {client: {}, nobody: {absent: true}}\nsteps: [{on: client, run: ls}]").hosts


def test_without_known_services_no_host_is_unknown() -> None:
    assert scenario("steps: [{on: anything, run: ls}]", services=None).steps


def test_without_named_hosts_the_services_are_the_hosts() -> None:
    with pytest.raises(ScenarioError, match="unknown host 'clinet'"):
        scenario("steps: [{on: clinet, run: ls}]")


def test_problems_of_all_parts_of_a_file_come_at_once() -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario("nmae: x\nhosts: {clinet: {}}\nsteps:\n  - {on: client, run: ls, timeout: 5}\n  - {stop: x}\n")

    assert [problem.at.line for problem in raised.value.problems] == [1, 2, 4, 4, 5]


def test_a_run_of_sleep_is_a_warning() -> None:
    (warning,) = scenario("steps: [{on: client, run: sleep 1}]").warnings

    assert (str(warning.at), warning.message) == (
        "folder/x.yaml:1:27",
        "a sleep makes a scenario slow or wrong",
    )


def test_a_shell_word_in_a_list_is_meant() -> None:
    assert scenario("steps: [{on: client, run: [echo, '|']}]").warnings == ()


def test_a_status_that_a_shell_gives_for_a_signal_is_a_warning() -> None:
    (warning,) = scenario("steps: [{on: client, run: sh, expect: {exit: 143}}]").warnings

    assert "ended by TERM" in warning.message
