"""Descriptors, and what strace says they lead to -> sockets, each known by one number wherever it is held."""

from __future__ import annotations

from collections.abc import Iterable

from labctl.observe.trace.descriptors import Descriptors
from labctl.observe.trace.endpoints import Address, Kind, Label, label
from labctl.observe.trace.known import Known, Socket
from labctl.observe.trace.model import Call


class Registry:
    """The sockets met so far, in `known`, and who has them open. Instances of epoll are -1, -2 … in `open`."""

    def __init__(self) -> None:
        self.known: list[Known] = []
        self.open = Descriptors()
        self._labels: dict[str, Label | None] = {}
        self._by_inode: dict[int, int] = {}
        self._by_ends: dict[tuple[Kind | None, Address, Address | None], int] = {}

    def label(self, leads_to: str) -> Label | None:
        """The socket that strace says a descriptor leads to."""
        if leads_to not in self._labels:
            self._labels[leads_to] = label(leads_to)
        return self._labels[leads_to]

    def about(self, call: Call) -> int | None:
        """The socket that a call's first descriptor leads to, as the call begins."""
        if call.descriptor is None or call.error == "EBADF":
            return None
        return self.at(call.pid, call.descriptor, call.leads_to)

    def at(self, pid: int, descriptor: int, leads_to: str) -> int | None:
        """The socket at a descriptor. strace is right: what it says was not seen to be opened, was opened unseen."""
        number = self.open.at(pid, descriptor)
        held = None if number is None or number < 0 else number
        seen = self.label(leads_to)
        if seen is None:
            if held is not None and leads_to:  # closed unseen, and the number given to something else
                self.open.close(pid, descriptor)
                held = None
            return held
        if held is None or not self.known[held].may_be(seen):
            held = self._living(seen)
            if held is None:
                held = self.new(Socket(kind=seen.kind or "other"), from_its_beginning=False)
            self.open.put(pid, descriptor, held, closes_at_exec=False)
        self.learn(held, seen)
        return held

    def new(self, socket: Socket, *, from_its_beginning: bool) -> int:
        """One more socket. `from_its_beginning`: nothing was sent over it, or came, before now."""
        self.known.append(Known(socket, from_its_beginning=from_its_beginning))
        return len(self.known) - 1

    def put(self, pid: int, descriptor: int, leads_to: str, number: int, *, at_ns: int, closes_at_exec: bool) -> None:
        """It stands at this descriptor from now on, whatever stood there."""
        self.gone(self.open.put(pid, descriptor, number, closes_at_exec=closes_at_exec), at_ns)
        self.learn(number, self.label(leads_to))

    def learn(self, number: int, seen: Label | None) -> None:
        """Take in what strace says of it."""
        if seen is None or number < 0:
            return
        self.known[number].learn(seen)
        if seen.inode is not None:
            self._by_inode[seen.inode] = number
        if seen.local is not None:
            self._by_ends[seen.kind, seen.local, seen.remote] = number

    def gone(self, numbers: Iterable[int], at_ns: int) -> None:
        """Nobody has these any more."""
        for number in numbers:
            if number >= 0:
                self.known[number].ends(at_ns)

    def _living(self, seen: Label) -> int | None:
        """One that is open elsewhere: it was handed over, or a copy made unseen."""
        number = None
        if seen.inode is not None:
            number = self._by_inode.get(seen.inode)
        elif seen.local is not None:
            number = self._by_ends.get((seen.kind, seen.local, seen.remote))
        if number is None or not self.open.is_open(number) or not self.known[number].may_be(seen):
            return None
        return number
