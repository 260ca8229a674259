"""Which file of a folder is which program, and what wants to be built."""

from __future__ import annotations

import pytest

from labctl.programs.finding import Building, building, found
from labctl.programs.unusable import Unusable

NAMES = ("server", "client", "server-udp")


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["server.c", "client.c", "notes.c"], Building(sources=("server.c", "client.c"))),
        (["server_udp.c"], Building(sources=("server_udp.c",))),
        (["server.c", "Makefile"], Building(by_make=True)),
        (["GNUmakefile"], Building(by_make=True)),
        (["server", "server.h"], Building()),
        ([], Building()),
    ],
)
def test_a_makefile_is_asked_before_the_compiler(files: list[str], wanted: Building) -> None:
    """And of the C files those are built that are called as programs are."""
    assert building(files, NAMES) == wanted
    assert wanted.anything is (wanted != Building())


def test_programs_are_found_by_name_whatever_they_are_written_in() -> None:
    """A suffix doesn't matter, nor does `_` for `-`."""
    files = {"server": True, "client.py": True, "server_udp.rb": True, "README.md": False, "server.c": False}

    assert found(files, NAMES, built=Building(), folder="mine") == {
        "server": "server",
        "client": "client.py",
        "server-udp": "server_udp.rb",
    }


def test_two_candidates_are_named() -> None:
    with pytest.raises(Unusable, match=r"two files in 'mine' can be 'server': 'server', 'server.py'") as raised:
        found({"server.py": True, "server": True}, NAMES, built=Building(), folder="mine")

    assert raised.value.hint == "remove one of them, or write `--programs server=COMMAND`"


def test_of_two_files_the_one_that_can_be_executed_is_meant() -> None:
    """An old draft beside it does no harm."""
    assert found({"server.py": False, "server": True}, NAMES, built=Building(), folder="m") == {"server": "server"}


def test_a_program_that_may_not_be_executed_is_told_how() -> None:
    with pytest.raises(Unusable, match=r"'server\.py' in 'mine' is not executable") as raised:
        found({"server.py": False}, NAMES, built=Building(), folder="mine")

    assert raised.value.hint.startswith("run `chmod +x server.py`")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no program is found in 'mine': it is empty"),
        ({"main.c": False}, "no program is found in 'mine': there is 'main.c'"),
        ({"a": True, "b": True}, "no program is found in 'mine': there are 'a', 'b'"),
        ({f"f{n}": True for n in range(9)}, "'f7' and 1 more"),
    ],
)
def test_a_folder_without_a_program_is_told_what_is_there(files: dict[str, bool], words: str) -> None:
    """And how programs are called."""
    with pytest.raises(Unusable) as raised:
        found(files, NAMES, built=Building(), folder="mine")

    assert words in str(raised.value)
    assert raised.value.hint.endswith("server, client, server-udp")


def test_a_makefile_that_makes_no_program_is_said_to_have_been_run() -> None:
    with pytest.raises(Unusable, match="in 'mine' after its Makefile was run"):
        found({"Makefile": False}, NAMES, built=Building(by_make=True), folder="mine")
