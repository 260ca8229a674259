"""Which process has what open."""

from __future__ import annotations

from labctl.observe.trace.descriptors import Descriptors

PARENT, CHILD, SOCKET, OTHER = 7, 8, 0, 1


def opened() -> Descriptors:
    """A socket at 3."""
    table = Descriptors()
    assert table.put(PARENT, 3, SOCKET, closes_at_exec=False) == []
    return table


def test_a_socket_is_gone_with_its_last_copy() -> None:
    """A dup, and a child's after a fork, are copies."""
    table = opened()
    table.put(PARENT, 4, SOCKET, closes_at_exec=False)
    table.fork(PARENT, CHILD, shares=False)
    assert table.close(PARENT, 3) == []
    assert table.close(PARENT, 4) == []
    assert table.at(PARENT, 3) is None
    assert table.at(CHILD, 3) == SOCKET
    assert table.close(CHILD, 3) == []
    assert table.close(CHILD, 4) == [SOCKET]
    assert table.close(CHILD, 4) == []


def test_threads_have_one_table() -> None:
    """What one closes is closed for all, and stays open when only one of them ends."""
    table = opened()
    table.fork(PARENT, CHILD, shares=True)
    assert table.end(PARENT) == []
    assert table.at(CHILD, 3) == SOCKET
    table.fork(CHILD, PARENT, shares=True)
    assert table.close(PARENT, 3) == [SOCKET]
    assert table.at(CHILD, 3) is None


def test_what_stood_at_a_number_is_closed() -> None:
    """As dup2 does; the same once more closes nothing."""
    table = opened()
    assert table.put(PARENT, 3, OTHER, closes_at_exec=False) == [SOCKET]
    assert table.put(PARENT, 3, OTHER, closes_at_exec=False) == []
    assert table.is_open(OTHER)


def test_executing_a_program_closes_what_is_marked() -> None:
    """And no longer shares what threads had in common."""
    table = opened()
    table.put(PARENT, 4, OTHER, closes_at_exec=True)
    table.fork(PARENT, CHILD, shares=True)
    assert table.execute(CHILD) == []
    assert table.at(CHILD, 4) is None
    assert table.at(PARENT, 4) == OTHER
    table.mark(PARENT, 4, closes_at_exec=False)
    table.mark(PARENT, 3, closes_at_exec=True)
    table.mark(PARENT, 99, closes_at_exec=True)
    assert table.end(CHILD) == []
    assert table.execute(PARENT) == [SOCKET]


def test_a_range_and_an_end_close_many() -> None:
    """Each that is gone is named once."""
    table = opened()
    for number in (4, 5, 9):
        table.put(PARENT, number, OTHER, closes_at_exec=False)
    assert table.numbers(PARENT, 4, 8) == [4, 5]
    assert table.close(PARENT, 4, 8) == []
    assert table.end(PARENT) == [SOCKET, OTHER]
    assert table.end(PARENT) == []
    assert not table.knows(PARENT)
