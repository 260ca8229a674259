"""Which commands other programs take the place of, and where hosts see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.plan.given import FOLDER, NOTHING_GIVEN, Given, GivenProgram, needed, replaceable
from labctl.plan.model import ProgramFolder
from labctl.scenario.model import Position, Run, Start, Stop
from tests.contract.plans import plan_of

AT = Position("x.yaml", 1, 1)
SERVER = GivenProgram("server", (f"{FOLDER}/1/server",), "mine/server")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (("server", "51717"), "server"),
        (("client", "cheerios", "51717"), "client"),
        (("server", "-1"), "server"),  # stands where a port does
        (("server", "--reuse", "51717"), None),
        (("client-udp", "cheerios", "51717", "--count", "3"), None),
        (("ss", "-Htn"), None),
        (("server",), "server"),
    ],
)
def test_a_command_with_options_is_the_labs_own(command: tuple[str, ...], word: str | None) -> None:
    """Whoever writes a program from the tutorial has no options in it."""
    assert replaceable(command) == word


def test_what_a_scenario_needs_are_the_first_words_of_its_commands() -> None:
    """Each once, in order; steps that start nothing need nothing."""
    steps = (
        Start(at=AT, on="a", command=("server", "1"), name="server"),
        Run(at=AT, on="b", command=("client", "a", "1")),
        Run(at=AT, on="b", command=("client", "a", "2")),
        Run(at=AT, on="b", command=("ss", "-n")),
        Stop(at=AT, program="server"),
    )
    assert needed(steps) == ("server", "client")


def test_a_given_program_takes_the_place_of_its_own_name_only() -> None:
    given = Given((SERVER,))

    assert given.instead_of(("server", "51717")) == SERVER
    assert given.instead_of(("server", "--reuse", "51717")) is None
    assert given.instead_of(("server-udp", "51717")) is None


def test_a_file_on_a_host_is_found_on_this_machine() -> None:
    """Only where something was put."""
    given = Given((SERVER,), (ProgramFolder(Path("/place/1"), f"{FOLDER}/1"),))

    assert given.here(f"{FOLDER}/1/server") == Path("/place/1/server")
    assert given.here("/usr/bin/python3") is None
    assert given.here("server") is None


def test_folders_are_brought_to_every_host() -> None:
    """And a plan without given programs stays what it was."""
    plan = plan_of("left", "right")
    folder = ProgramFolder(Path("/place/1"), f"{FOLDER}/1")

    assert [host.brought for host in Given((), (folder,)).brought_to(plan).hosts] == [(folder,), (folder,)]
    assert NOTHING_GIVEN.brought_to(plan) is plan
