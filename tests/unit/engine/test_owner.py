"""An owner is told apart from whoever has its pid later, and from whoever lives elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from msgspec.structs import replace

from labctl.engine.owner import Owner, is_alive, myself, parse, start_time


def test_this_process_lives() -> None:
    """And its text says who it is."""
    me = myself()
    assert me.pid == os.getpid()
    assert is_alive(me) is True
    assert parse(str(me)) == me


def test_an_owner_that_has_ended_is_dead() -> None:
    """Its pid is nobody's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        start = start_time(process.pid)
        assert start is not None
        owner = replace(myself(), pid=process.pid, start=start)
        assert is_alive(owner) is True
    assert is_alive(owner) is False


def test_another_process_of_the_same_pid_is_another_one() -> None:
    """It began at another time."""
    me = myself()
    assert is_alive(replace(me, start=me.start - 1)) is False


@pytest.mark.parametrize("part", ["machine", "boot", "pid_namespace"])
def test_who_lives_elsewhere_is_not_judged(part: str) -> None:
    """Another machine, another boot, another PID namespace: there a pid is somebody else's."""
    parts = {"machine": "elsewhere", "boot": "elsewhere", "pid_namespace": "1"}
    assert is_alive(replace(myself(), **{part: parts[part]})) is None


@pytest.mark.parametrize("text", ["", "a:b:c:d:e", "a:b:c:1", "a:b:c:1:2:3", "a:b:c:-1:2", "nonsense"])
def test_what_is_no_owner_is_none(text: str) -> None:
    """A label may hold anything."""
    assert parse(text) is None


def test_an_owner_is_five_words_with_colons_between() -> None:
    """As labels carry it; labctl of another version reads the same."""
    assert str(Owner("m", "b", "n", 12, 34)) == "m:b:n:12:34"


def test_a_start_time_is_the_processs_own() -> None:
    """The same as long as it lives, and nobody's when there is none."""
    assert start_time(os.getpid()) == start_time(os.getpid())
    assert start_time(2**22 + 1) is None


def test_of_a_process_that_proc_hides_nothing_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /proc is mounted with hidepid, another user's process is not shown there; it is not dead."""

    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert is_alive(replace(myself(), pid=2**22 + 1)) is None
