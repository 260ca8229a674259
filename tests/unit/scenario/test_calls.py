"""What is expected of a program's system calls."""

from __future__ import annotations

import pytest

from labctl.agent.syscalls import ALIASES, FAMILIES, members
from labctl.scenario.model import Num, Run, Span, Stop, Syscall, Wait
from labctl.scenario.problems import ScenarioError
from labctl.scenario.states.call_names import CALL_NAMES, INSTEAD, OF_THE_LIBRARY
from labctl.scenario.states.calls import ERRORS, SAME_ERROR
from tests.unit.scenario.written import end, step


@pytest.mark.parametrize(
    ("text", "syscall"),
    [
        ("accept", Syscall("accept")),
        ("{call: accept4}", Syscall("accept4")),
        ("{call: connect, args: htons(51717)}", Syscall("connect", args="htons(51717)")),
        ("{call: connect, args: 51717}", Syscall("connect", args="51717")),
        ("{call: bind, error: EADDRINUSE}", Syscall("bind", error="EADDRINUSE")),
        ("{call: read, returns: 0}", Syscall("read", returns=Num(0, 0))),
        ("{call: write, returns: {min: 1}}", Syscall("write", returns=Num(1, None))),
        ("{call: accept, took: {min: 40ms}}", Syscall("accept", took=Span(0.04, None))),
        ("{call: fork, count: 3}", Syscall("fork", count=Num(3, 3))),
        ("{call: bind, count: 0}", Syscall("bind", count=Num(0, 0))),
        ("{call: read, error: EAGAIN, took: {max: 1s}}", Syscall("read", error="EAGAIN", took=Span(None, 1.0))),
    ],
)
def test_a_call_is_a_name_or_a_map(text: str, syscall: Syscall) -> None:
    assert end(f"{{syscalls: [{text}]}}").syscalls == (syscall,)


def test_calls_keep_their_order() -> None:
    assert end("{syscalls: [socket, bind, socket]}").syscalls == (
        Syscall("socket"),
        Syscall("bind"),
        Syscall("socket"),
    )


def test_nothing_is_expected_of_calls_by_default() -> None:
    assert end("{exit: 0}").syscalls == ()


def test_calls_are_expected_of_every_end() -> None:
    wanted = (Syscall("bind"),)

    assert step(Run, "{on: client, run: ls, expect: {syscalls: [bind]}}").expect[0].syscalls == wanted
    assert step(Stop, "{stop: server, expect: {syscalls: [bind]}}").expect[0].syscalls == wanted
    waited = step(Wait, "{wait: server, expect: [{count: 1, syscalls: [bind]}]}").expect
    assert waited is not None
    assert waited[0].syscalls == wanted


def test_every_family_and_all_its_members_are_known() -> None:
    """What a program can be seen to block in can be expected of its record."""
    assert FAMILIES.keys() | ALIASES.keys() <= CALL_NAMES
    assert {member for word in CALL_NAMES for member in members(word)} <= CALL_NAMES


def test_every_name_that_is_offered_instead_is_known() -> None:
    assert set(INSTEAD.values()) <= CALL_NAMES
    assert not CALL_NAMES & INSTEAD.keys()
    assert not CALL_NAMES & OF_THE_LIBRARY


@pytest.mark.parametrize("name", ["openat", "mmap", "pipe2", "unlink", "getpid", "nanosleep"])
def test_a_call_that_no_record_is_looked_through_for_can_not_be_expected(name: str) -> None:
    """A claim that it is never made would hold whatever a program does."""
    with pytest.raises(ScenarioError, match="no system call that is looked at"):
        end(f"{{syscalls: [{{call: {name}, count: 0}}]}}")


def test_errors_have_the_names_that_strace_has_for_them() -> None:
    assert {"EADDRINUSE", "EAGAIN", "EOPNOTSUPP", "EDEADLK", "ECONNREFUSED"} <= ERRORS
    assert not ERRORS & SAME_ERROR.keys()
    assert set(SAME_ERROR.values()) <= ERRORS
