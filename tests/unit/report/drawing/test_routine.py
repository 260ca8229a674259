"""Which calls nobody looks for first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from labctl.observe.story import CallSeen
from labctl.report.drawing.routine import routine
from tests.unit.report.drawing.written import call

IGNORES = "{sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8"
NOT_FOUND = "-1 ENOENT (No such file or directory)"
CACHE = '{sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}'


def calls(*written: str | tuple[str, str]) -> list[CallSeen]:
    """Calls of one process, one after another; a pair is a call and its result."""
    made = [call(one) if isinstance(one, str) else call(*one) for one in written]
    return [replace(one, begins_ns=1000 * place, ends_ns=1000 * place + 500) for place, one in enumerate(made)]


def left(*written: str | tuple[str, str]) -> list[str]:
    """The names of those that are not routine."""
    made = calls(*written)
    return [one.name for place, one in enumerate(made) if place not in routine(made)]


@pytest.mark.parametrize(
    "written", ["exit_group(0)", "rt_sigprocmask(SIG_BLOCK, [CHLD], NULL, 8)", "rt_sigaction(SIGINT, NULL, {}, 8)"]
)
def test_some_calls_always_are(written: str) -> None:
    """They change nothing that a reader wants to know, or it is told by something else."""
    assert left("socket(AF_INET, SOCK_STREAM, 0)", written) == ["socket"]


def test_a_program_that_sets_its_signals_is_told() -> None:
    """That is what many scenarios are about."""
    assert left(f"rt_sigaction(SIGPIPE, {IGNORES})", "rt_sigaction(SIGINT, {sa_handler=0x5566}, NULL, 8)") == [
        "rt_sigaction",
        "rt_sigaction",
    ]


def test_what_python_sets_at_its_start_is_routine() -> None:
    """It gives itself away by SIGXFSZ. What the program itself sets is told."""
    pythons = (f"rt_sigaction(SIGPIPE, {IGNORES})", f"rt_sigaction(SIGXFSZ, {IGNORES})")
    assert left(*pythons, "rt_sigaction(SIGINT, {sa_handler=0x55}, NULL, 8)", "getsockname(3, 0, 0)") == []
    assert left(*pythons, "rt_sigaction(SIGCHLD, {sa_handler=0x5566}, NULL, 8)", "getsockname(3, 0, 0)") == [
        "rt_sigaction"
    ]


def test_addresses_that_a_program_asks_for_are_told() -> None:
    """Unless it is Python that asks."""
    assert left("getsockname(3, 0, 0)") == ["getsockname"]


def test_of_a_script_and_its_interpreter_the_script_is_told() -> None:
    """And so is not where a shell has looked for a command in vain."""
    script = 'execve("/lab/server", ["server", "51717"], 0x7ffd)'
    interpreter = 'execve("/usr/bin/python3", ["python3", "-S", "/lab/server", "51717"], 0x7ffd)'
    assert left((script, NOT_FOUND), script, (interpreter, NOT_FOUND), interpreter) == ["execve"]
    assert routine(calls(script, interpreter)) == {1}


def test_another_command_in_the_same_process_is_told() -> None:
    """A shell's `exec`."""
    shell = 'execve("/bin/sh", ["sh", "-c", "exec client cheerios 51717"], 0x7ffd)'
    assert left(shell, 'execve("/lab/client", ["client", "cheerios", "51717"], 0x7ffd)') == ["execve", "execve"]


def test_the_question_to_a_cache_of_names_that_is_not_there_is_routine() -> None:
    """With its socket; a program's own are told."""
    asks = ("socket(AF_UNIX, SOCK_STREAM, 0)", (f"connect(3, {CACHE}, 110)", NOT_FOUND), "close(3)")
    assert left(*asks, *asks, "socket(AF_INET, SOCK_STREAM, 0)", "close(3)") == ["socket", "close"]


DEFAULT = "{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, {sa_handler=0x55}, 8"


def test_signals_put_back_to_their_default_at_the_end_are_routine() -> None:
    """Where the process ends by itself after it, and does nothing more."""
    assert left("close(3)", f"rt_sigaction(SIGINT, {DEFAULT})", "exit_group(0)") == ["close"]


@pytest.mark.parametrize("after", [("close(3)", "exit_group(0)"), ()])
def test_a_signal_put_back_to_its_default_by_a_program_that_goes_on_is_told(after: tuple[str, ...]) -> None:
    """It may be about to be killed by it."""
    assert left(f"rt_sigaction(SIGINT, {DEFAULT})", *after)[0] == "rt_sigaction"


def test_processes_are_told_apart() -> None:
    """What is Python's in one is not in another."""
    one = calls(f"rt_sigaction(SIGXFSZ, {IGNORES})", "getsockname(3, 0, 0)")
    other = [replace(each, pid=200) for each in calls("getsockname(3, 0, 0)")]
    assert routine([*one, *other]) == {0, 1}
