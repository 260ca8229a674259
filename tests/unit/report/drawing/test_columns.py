"""Which lanes share a column."""

from __future__ import annotations

from labctl.observe.story import Lane
from labctl.report.drawing.columns import Column, columns

SERVER = Lane("cheerios", "server", "server 51717")


def clients(count: int) -> list[Lane]:
    """So many copies of one program on copies of one host."""
    return [Lane(f"client-{n}", f"client-{n}", "client cheerios 51717") for n in range(1, count + 1)]


def test_a_lane_that_nothing_happens_in_has_no_column() -> None:
    """A host's kernel, mostly."""
    kernel = Lane("cheerios", "", "")
    assert columns([SERVER, kernel], {0}, 6) == (Column((0,), "cheerios", "server", "server 51717"),)
    assert columns([SERVER, kernel], {1}, 6) == (Column((1,), "cheerios", "", ""),)


def test_a_kernel_shares_the_column_of_its_hosts_only_program() -> None:
    """What it does there has to do with no other; beside two programs it has one of its own."""
    kernel, other = Lane("cheerios", "", ""), Lane("cheerios", "other", "other")
    [column] = columns([SERVER, kernel], {0, 1}, 6)
    assert (column.lanes, column.program, column.is_folded) == ((0, 1), "server", False)
    assert [column.lanes for column in columns([SERVER, other, kernel], {0, 1, 2}, 6)] == [(0,), (1,), (2,)]
    clients = [Lane(f"client-{n}", f"client-{n}", "client") for n in (1, 2)]
    kernels = [Lane(f"client-{n}", "", "") for n in (1, 2)]
    lanes = [SERVER, clients[0], kernels[0], clients[1], kernels[1]]
    [_, folded] = columns(lanes, range(5), 2)
    assert (folded.lanes, folded.program, folded.is_folded) == ((1, 2, 3, 4), "client-1 and client-2", True)


def test_copies_are_folded_where_there_are_too_many() -> None:
    """No sooner."""
    lanes = [SERVER, *clients(5)]
    assert len(columns(lanes, range(6), 6)) == 6
    folded = columns(lanes, range(6), 5)
    assert folded[1] == Column((1, 2, 3, 4, 5), "client-1 to client-5", "client-1 to client-5", "client cheerios 51717")
    assert [column.is_folded for column in folded] == [False, True]


def test_the_most_numerous_copies_are_folded_first() -> None:
    """Others stay columns of their own as long as they fit."""
    few = [Lane(f"peer-{n}", "peer", "peer") for n in (1, 2)]
    found = columns([*few, *clients(9)], range(11), 4)
    assert [column.host for column in found] == ["peer-1", "peer-2", "client-1 to client-9"]


def test_programs_of_one_host_are_folded_after_copies() -> None:
    """Their names are said."""
    lanes = [Lane("cheerios", name, name) for name in ("one", "two", "three")]
    found = columns([*lanes, *clients(1)], range(4), 3)
    assert found[0] == Column((0, 1, 2), "cheerios", "one, two, three", "one")


def test_what_still_does_not_fit_is_folded_into_the_last_column() -> None:
    """There are never more than asked for."""
    lanes = [Lane(name, "peer", "peer") for name in ("ant", "bee", "cat", "dog")]
    found = columns(lanes, range(4), 3)
    assert [column.lanes for column in found] == [(0,), (1,), (2, 3)]
    assert found[2].host == "cat, dog"
