"""A command's first word -> the file that is executed; a program's processes among all others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from labctl.agent.ending import Ending
from labctl.agent.keeper import Command, Kept, Nursery
from labctl.agent.processes import Process
from labctl.agent.programs import NotStarted, Order, Program, Stream, find, names_on


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two folders of programs, some of which are none."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    for name, mode in (("first/plain", 0o644), ("second/plain", 0o755), ("second/tool", 0o755), ("first/none", 0o644)):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(mode)
    (tmp_path / "first" / "folder").mkdir()
    return tmp_path


def path(folders: Path) -> str:
    """Both folders, in order."""
    return f"{folders}/first:{folders}/second"


def test_a_name_is_looked_for_in_order(folders: Path) -> None:
    """The first file that can be executed is it: one that can't is passed over, as execvp(3) does."""
    assert find("tool", path(folders), "/") == f"{folders}/second/tool"
    assert find("plain", path(folders), "/") == f"{folders}/second/plain"


def test_a_path_is_taken_as_it_is(folders: Path) -> None:
    """A word with a slash is no name: PATH doesn't matter."""
    assert find(f"{folders}/second/tool", "", "/") == f"{folders}/second/tool"


def test_a_relative_path_starts_where_the_program_will(folders: Path) -> None:
    """It is seen from the program's own directory, not from the agent's."""
    assert find("./second/tool", "", str(folders)) == f"{folders}/./second/tool"


@pytest.mark.parametrize("word", ["missing", "folder", "./missing", "/nowhere/at/all", ""])
def test_what_is_no_file_is_not_found(folders: Path, word: str) -> None:
    """Neither a folder nor nothing is a program."""
    with pytest.raises(NotStarted) as error:
        find(word, path(folders), str(folders))
    assert error.value.reason == "not-found"


@pytest.mark.parametrize("word", ["none", "./first/none"])
def test_a_file_that_may_not_be_executed_is_told_apart(folders: Path, word: str) -> None:
    """It is there, and isn't executable."""
    with pytest.raises(NotStarted) as error:
        find(word, path(folders), str(folders))
    assert error.value.reason == "not-executable"


def test_all_names_of_a_path_are_known(folders: Path) -> None:
    """Each once, in order, and folders that aren't there are no obstacle."""
    assert names_on(f"{path(folders)}:/nowhere/at/all:") == ["folder", "none", "plain", "tool"]


def test_a_stream_is_cut_at_its_cap() -> None:
    """The first bytes come, the others don't, and that it was cut is known from the first one that didn't."""
    come, go = os.pipe()
    os.set_blocking(come, False)
    stream = Stream("stdout", come, 5)
    assert stream.read() is None
    os.write(go, b"12345")
    assert (stream.read(), stream.is_cut) == (b"12345", False)
    os.write(go, b"6")
    assert (stream.read(), stream.is_cut) == (None, True)
    os.close(go)
    assert stream.read() == b""
    os.close(come)


def test_a_piece_is_cut_within() -> None:
    """Of a piece that passes the cap the beginning comes."""
    come, go = os.pipe()
    os.set_blocking(come, False)
    stream = Stream("stdout", come, 3)
    os.write(go, b"12345")
    assert (stream.read(), stream.is_cut) == (b"123", True)
    for descriptor in (come, go):
        os.close(descriptor)


class Scripted(Nursery):
    """A nursery whose keepers have said all that they say before they are asked."""

    def __init__(self, *reports: bytes) -> None:
        self._reports = list(reports)

    def keep(self, command: Command, is_wanted: Callable[[], bool] = lambda: True) -> Kept:
        """The next one."""
        if not self._reports:
            raise BlockingIOError
        come, go = os.pipe()
        os.write(go, self._reports.pop(0))
        os.close(go)
        return Kept(1000 - len(self._reports), come, -1, b"")


ORDER = Order("p", ["sh"], {"PATH": "/bin"}, "/", window=False, interactive=False, output_cap=10)
DIED_WAITING = b"P 5\nX 9 100\nG\n"


@pytest.mark.parametrize(
    ("reports", "again"),
    [
        ((DIED_WAITING, b"P 6\nO 50\n"), True),  # killed before it took the order
        ((DIED_WAITING,), False),  # and no other process is to be had
        ((b"P 5\nO 50\nX 9 100\nG\n", b"P 6\nO 50\n"), False),  # killed when it executed, or a little before
        ((b"P 5\nE 2 No such file or directory\nX 127 100\nG\n", b"P 6\nO 50\n"), False),  # could not be executed
    ],
)
def test_an_order_that_nobody_took_is_given_again(reports: tuple[bytes, ...], again: bool) -> None:
    """A program that another one killed before it began was not begun; one that began is never begun twice."""
    nursery = Scripted(*reports)
    one = Program(ORDER, nursery, None)
    one.read_report()
    assert one.begin_again(nursery) is again
    one.read_report()
    assert one.pid == (6 if again else 5)
    assert (one.status is None) is again
    one.close()


def test_a_program_that_is_being_killed_is_not_begun_again() -> None:
    """It was the one who was meant: its end is the end."""
    nursery = Scripted(DIED_WAITING, b"P 6\nO 50\n")
    one = Program(ORDER, nursery, None)
    Ending(None).kill(one, set())
    one.read_report()
    assert not one.begin_again(nursery)
    assert (one.pid, one.status) == (5, 9)
    one.close()


@pytest.mark.usefixtures("only_two_pipes")
def test_streams_that_can_not_all_be_made_leave_none_open() -> None:
    """An agent that runs out of descriptors has them back when others end."""
    with pytest.raises(OSError, match="too many"):
        Program(ORDER, Scripted(), None)


def table(*rows: tuple[int, int, str]) -> dict[int, Process]:
    """Processes by pid: (pid, parent, state)."""
    return {pid: Process(pid, parent, pid, state, "x") for pid, parent, state in rows}


def program(keeper: int, *, orphaned: bool = False) -> Program:
    """A program as far as its family goes."""
    one = Program.__new__(Program)
    one.keeper, one.is_orphaned = keeper, orphaned
    return one


def test_a_programs_family_are_its_keepers_descendants() -> None:
    """The living ones; the keeper itself is none of them."""
    among = table((10, 1, "S"), (11, 10, "S"), (12, 11, "R"), (13, 10, "Z"), (20, 1, "S"), (21, 20, "S"))
    assert sorted(program(10).family(among, set())) == [11, 12]


def test_an_orphans_family_is_what_descends_from_the_agent() -> None:
    """All that has no keeper any more is its, but for keepers and for other orphans."""
    me = os.getpid()
    lost = [(11, me, "S"), (12, 11, "S"), (31, me, "T")]
    among = table(*lost, (20, me, "S"), (21, 20, "S"), (30, me, "S"), (40, 1, "S"))
    assert sorted(program(10, orphaned=True).family(among, {20, 30})) == [11, 12, 31]
