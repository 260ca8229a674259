"""States of programs and ports: questions for the agents, answers in words."""

from __future__ import annotations

import pytest

from labctl.hosts.look import Answer, Wanted, lacking, port_words, wanted_of_port, wanted_of_program
from labctl.scenario.model import Num, Port, PortState, ProgramState
from tests.contract.plans import plan_of

PLAN = plan_of("left", "right", absent=["nobody"])


def port(address: str | None, number: int = 51717) -> Port:
    """A TCP port, as a scenario names it."""
    return Port(protocol="tcp", number=number, address=address, path=None)


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        (None, None),
        ("left", ["10.51.0.2"]),
        ("nobody", ["10.51.0.4"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("192.0.2.1", ["192.0.2.1"]),
    ],
)
def test_a_ports_name_becomes_addresses(name: str | None, addresses: list[str] | None) -> None:
    """Those that the lab gives it, an absent host's too; what is no name stays as it is."""
    assert port_words(port(name), PLAN)["addresses"] == addresses


def test_only_what_is_asked_for_is_wanted() -> None:
    """A state that the scenario doesn't mention may be anything."""
    assert wanted_of_port(PortState(listening=True)) == {"listening": True}
    assert wanted_of_port(PortState(waiting=Num(min=6, max=6))) == {"waiting": [6, 6]}
    assert wanted_of_program(ProgramState(blocked="accept")) == {"blocked": "accept"}
    assert wanted_of_program(ProgramState(children=Num(min=2, max=None))) == {"children": [2, None]}


@pytest.mark.parametrize(
    ("wanted", "seen", "text"),
    [
        ({"waiting": [6, 6]}, {"waiting": 5}, "waiting: expected 6, came 5"),
        ({"waiting": [6, None]}, {"waiting": 5}, "waiting: expected at least 6, came 5"),
        ({"waiting": [None, 6]}, {"waiting": 7}, "waiting: expected at most 6, came 7"),
        ({"waiting": [2, 6]}, {"waiting": 7}, "waiting: expected at least 2 and at most 6, came 7"),
        ({"listening": True}, {"listening": False}, "listening: expected true, came false"),
        ({"blocked": "accept"}, {"blocked": ["read", "wait4"]}, "blocked: expected accept, came read, wait4"),
        ({"blocked": "accept"}, {"blocked": []}, "blocked: expected accept, came nothing"),
    ],
)
def test_what_was_not_so_is_told(wanted: Wanted, seen: dict[str, object], text: str) -> None:
    """What was expected, and what came."""
    answer = Answer("left", held=False, ended=False, seen=seen, missing=tuple(wanted))
    assert lacking(answer, wanted) == [text]
