"""What is known of a socket, while a trace is read: more with every call."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from labctl.observe.trace.endpoints import Address, Kind, Label


class Socket(Struct, frozen=True, kw_only=True):
    """A socket, with all that was ever known of it. `family` is an address family, `AF_INET6`, or empty.

    Addresses are (text, port); a Unix socket's are (path, 0), "@" before an abstract one. Where an IPv6 socket talks
    IPv4, they are IPv4 addresses. One that is bound to every address of its host has `0.0.0.0` or `::`.
    `ends_ns`: when the last process closed it, by whatever call, or ended; None if that was not seen.
    `peer_inode`: of a Unix socket, the other end.
    """

    kind: Kind
    family: str = ""
    is_stream: bool = False
    local: Address | None = None
    remote: Address | None = None
    inode: int | None = None
    peer_inode: int | None = None
    ends_ns: int | None = None

    @property
    def path(self) -> str:
        """A Unix socket's own name, or that of the one it is connected to; empty if neither has one."""
        named = self.local or self.remote
        return named[0] if self.kind == "unix" and named else ""


class Known:
    """A socket so far. `sent` and `received` are bytes of its stream; None where some passed that nobody saw."""

    def __init__(self, socket: Socket, *, from_its_beginning: bool) -> None:
        self.socket = socket
        self.sent: int | None = 0 if from_its_beginning else None
        self.received = self.sent
        self._seen: Label | None = None

    def learn(self, seen: Label) -> None:
        """Take in what strace says of it: what it says later is nearer to the truth."""
        if seen is self._seen:
            return
        self._seen = seen
        known = self.socket
        self.socket = replace(
            known,
            kind=seen.kind if known.kind == "other" and seen.kind is not None else known.kind,
            family=known.family or seen.family,
            is_stream=known.is_stream or bool(seen.is_stream),
            local=seen.local or known.local,
            remote=seen.remote or known.remote,
            inode=known.inode if seen.inode is None else seen.inode,
            peer_inode=known.peer_inode if seen.peer_inode is None else seen.peer_inode,
        )

    def may_be(self, seen: Label) -> bool:
        """Whether what strace says can be said of it, or must be another socket's."""
        if seen is self._seen:
            return True
        if seen.kind is not None and self.socket.kind not in (seen.kind, "other"):
            return False
        if seen.inode is not None and self.socket.inode is not None:
            return seen.inode == self.socket.inode
        before = self._seen.remote if self._seen is not None else None
        return self.socket.kind != "tcp" or before is None or seen.remote in (None, before)

    def is_connected(self, to: Address | None) -> None:
        """It is being connected, which begins a stream anew; None takes that back."""
        self._seen = None
        self.socket = replace(self.socket, remote=to)
        self.sent = self.received = 0

    def is_named(self, *, local: Address | None = None, remote: Address | None = None) -> None:
        """It has these addresses. Port 0 says nothing: the kernel chooses one."""
        if local is not None and (local[1] or self.socket.kind == "unix"):
            self.socket = replace(self.socket, local=local)
        if remote is not None:
            self.socket = replace(self.socket, remote=remote)

    def ends(self, at_ns: int) -> None:
        """Nobody has it any more."""
        self.socket = replace(self.socket, ends_ns=at_ns)

    def passes(self, size: int | None, *, is_sent: bool) -> int | None:
        """So many bytes go, or come; None: nobody saw how many. Returned is where in the stream they begin."""
        begins = self.sent if is_sent else self.received
        after = None if begins is None or size is None else begins + size
        if is_sent:
            self.sent = after
        else:
            self.received = after
        return begins if self.socket.is_stream else None
