"""A counted x is x-1 to x-N, hosts first, then copies; x itself is all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.scenario.model import HostSpec, Run, Scenario, Start
from labctl.scenario.names import (
    Placed,
    copies,
    hosts_by_name,
    hosts_of,
    program_name,
    programs_by_name,
    programs_of,
)
from labctl.scenario.problems import Position

AT = Position("x.yaml", 1, 1)
HOSTS = hosts_by_name([HostSpec("cheerios", AT), HostSpec("client", AT, count=2), HostSpec("one", AT, count=1)])


def start(on: str, *, count: int | None = None, name: str = "crowd") -> Start:
    return Start(at=AT, on=on, command=("client", "cheerios", "51717"), name=name, count=count)


def test_what_is_not_counted_keeps_its_name() -> None:
    assert copies("client", None) == ("client",)


def test_a_count_of_one_is_counted_too() -> None:
    assert copies("client", 1) == ("client-1",)


def test_a_counted_hosts_plain_name_stands_for_all_of_them() -> None:
    assert HOSTS["client"] == ("client-1", "client-2")
    assert HOSTS["client-2"] == ("client-2",)


def test_a_scenario_that_names_no_hosts_has_all_services_once() -> None:
    scenario = Scenario(path=Path("x.yaml"), name="x", steps=())

    assert hosts_of(scenario, ["cheerios", "client"]) == ("cheerios", "client")


def test_a_scenario_that_names_hosts_has_only_those_in_the_order_of_the_page() -> None:
    specs = (HostSpec("client", AT, count=2), HostSpec("nobody", AT, absent=True))
    scenario = Scenario(path=Path("x.yaml"), name="x", hosts=specs, steps=())

    assert hosts_of(scenario, ["cheerios", "client"]) == ("client-1", "client-2", "nobody")


def test_one_program_on_one_host_keeps_its_name() -> None:
    assert programs_of(start("cheerios"), HOSTS) == (Placed("crowd", "cheerios", 1),)


def test_on_a_counted_host_there_is_one_program_for_each() -> None:
    assert programs_of(start("client"), HOSTS) == (
        Placed("crowd-1", "client-1", 1),
        Placed("crowd-2", "client-2", 2),
    )


def test_on_one_of_a_counted_host_a_program_keeps_its_name() -> None:
    assert programs_of(start("client-2"), HOSTS) == (Placed("crowd", "client-2", 1),)


def test_on_a_host_counted_once_a_program_is_counted_too() -> None:
    assert programs_of(start("one"), HOSTS) == (Placed("crowd-1", "one-1", 1),)


def test_copies_of_one_host_come_before_those_of_the_next() -> None:
    placed = programs_of(start("client", count=2), HOSTS)

    assert [(program.name, program.host) for program in placed] == [
        ("crowd-1", "client-1"),
        ("crowd-2", "client-1"),
        ("crowd-3", "client-2"),
        ("crowd-4", "client-2"),
    ]


def test_a_run_without_a_name_goes_by_its_commands_first_word() -> None:
    run = Run(at=AT, on="cheerios", command=("/usr/bin/rm", "/tmp/x"))

    assert programs_of(run, HOSTS) == (Placed("rm", "cheerios", 1),)


@pytest.mark.parametrize(("word", "name"), [("server", "server"), ("./server", "server"), ("/usr/bin/nc", "nc")])
def test_a_programs_name_is_its_commands_first_word_without_folders(word: str, name: str) -> None:
    assert program_name(None, (word, "51717")) == name


def test_a_programs_plain_name_stands_for_all_its_copies() -> None:
    named = programs_by_name([start("client"), start("cheerios", name="server")], HOSTS)

    assert [program.name for program in named["crowd"]] == ["crowd-1", "crowd-2"]
    assert [program.name for program in named["crowd-2"]] == ["crowd-2"]
    assert named["server"] == (Placed("server", "cheerios", 1),)
