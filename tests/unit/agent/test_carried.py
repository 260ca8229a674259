"""How a program is begun on a host: one that labctl brought along by the loader that came with it."""

from __future__ import annotations

from labctl.agent.boot import CARRIED_COMMAND, COMMAND
from labctl.agent.carried import LOADER, begun, carried


def test_a_program_of_the_hosts_own_is_begun_as_it_is() -> None:
    assert begun("/usr/bin/strace", name="strace") == ("/usr/bin/strace",)


def test_what_was_brought_along_needs_no_library_of_the_hosts() -> None:
    """Neither its loader, nor its libraries, nor the list of where the host has some."""
    loader, *options, file = begun(carried("strace"))

    assert (loader, file) == (LOADER, "/.labctl/bin/strace")
    assert options[:3] == ["--inhibit-cache", "--library-path", "/.labctl/lib"]


def test_it_can_be_told_what_to_call_itself() -> None:
    """strace says its name in all that it says of itself; Python finds its library by its own file's name."""
    assert begun(carried("strace"), name="strace")[-3:] == ("--argv0", "strace", "/.labctl/bin/strace")
    assert begun(carried("python3"))[-3:] == ("--argv0", "/.labctl/bin/python3", "/.labctl/bin/python3")


def test_an_agent_is_begun_with_the_same_words_wherever_its_python_is_from() -> None:
    assert COMMAND[0] == "python3"
    assert CARRIED_COMMAND[-len(COMMAND) :] == (carried("python3"), *COMMAND[1:])
