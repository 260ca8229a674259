"""Forks, threads, programs executed, descriptors copied and closed -> which process has what open, and how often.

Source: fork(2), clone(2) (CLONE_FILES), dup(2), execve(2), close_range(2). What is open is known by a number.
"""

from __future__ import annotations

from collections import Counter

Table = dict[int, tuple[int, bool]]
"""What stands at each descriptor, and whether it is closed when a program is executed."""


class Descriptors:
    """The tables of all processes. Threads share one; a process that nobody has heard of has an empty one."""

    def __init__(self) -> None:
        self._tables: dict[int, Table] = {}
        self._copies: Counter[int] = Counter()

    def knows(self, pid: int) -> bool:
        """Whether this process has a table already."""
        return pid in self._tables

    def at(self, pid: int, descriptor: int) -> int | None:
        """What is open there; None if nothing is that is known."""
        held = self._table(pid).get(descriptor)
        return None if held is None else held[0]

    def is_open(self, what: int) -> bool:
        """Whether any process has it."""
        return self._copies[what] > 0

    def put(self, pid: int, descriptor: int, what: int, *, closes_at_exec: bool) -> list[int]:
        """Open it there. What stood there is closed: returned are those that nobody has any more."""
        gone = self.close(pid, descriptor)
        self._table(pid)[descriptor] = (what, closes_at_exec)
        self._copies[what] += 1
        return [one for one in gone if not self.is_open(one)]

    def mark(self, pid: int, descriptor: int, *, closes_at_exec: bool) -> None:
        """Say whether it is closed when a program is executed."""
        table = self._table(pid)
        if descriptor in table:
            table[descriptor] = (table[descriptor][0], closes_at_exec)

    def close(self, pid: int, first: int, last: int | None = None) -> list[int]:
        """Close one, or all from one to another. Returned are those that nobody has any more."""
        table = self._table(pid)
        numbers = [first] if last is None else [number for number in table if first <= number <= last]
        return self._let_go([table.pop(number)[0] for number in numbers if number in table])

    def numbers(self, pid: int, first: int, last: int) -> list[int]:
        """The descriptors of a process that are open, from one to another."""
        return sorted(number for number in self._table(pid) if first <= number <= last)

    def fork(self, parent: int, child: int, *, shares: bool) -> None:
        """A child has a copy of the table; a thread, or whoever asks for it, has the same."""
        self.end(child)
        table = self._table(parent)
        self._tables[child] = table if shares else self._copy(table)

    def execute(self, pid: int) -> list[int]:
        """A program was executed: the table is the process's own, and what was so marked is closed."""
        table = self._table(pid)
        if self._is_shared(pid):
            self._tables[pid] = table = self._copy(table)
        marked = [number for number, (_, closes_at_exec) in table.items() if closes_at_exec]
        return self._let_go([table.pop(number)[0] for number in marked])

    def end(self, pid: int) -> list[int]:
        """A process or a thread has ended. Returned is what nobody has any more."""
        if pid not in self._tables:
            return []
        table = self._tables.pop(pid)
        if any(other is table for other in self._tables.values()):
            return []
        return self._let_go([what for what, _ in table.values()])

    def _table(self, pid: int) -> Table:
        return self._tables.setdefault(pid, {})

    def _is_shared(self, pid: int) -> bool:
        table = self._tables[pid]
        return any(other is table for one, other in self._tables.items() if one != pid)

    def _copy(self, table: Table) -> Table:
        self._copies.update(what for what, _ in table.values())
        return dict(table)

    def _let_go(self, closed: list[int]) -> list[int]:
        self._copies.subtract(closed)
        return [what for what in dict.fromkeys(closed) if not self.is_open(what)]
