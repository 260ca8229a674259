"""What a system call did to a socket: values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from labctl.agent.syscalls import FAMILIES
from labctl.observe.trace.endpoints import Address

Role = Literal[
    "make", "bind", "listen", "connect", "accept", "send", "receive", "shutdown", "close", "wait", "other"
]  # fmt: skip
Part = tuple[int, Address | None]
"""A datagram's size, and whom it went to or came from."""


class Use(Struct, frozen=True, kw_only=True):
    """What a call did to a socket, which is known by its place in `Followed.sockets`.

    `made`: the connection that `accept` returned (`socket` is the listening one), the other end of a socketpair.
    `size`: bytes that were moved, as returned. `offset`: where they begin in the stream; of a shutdown or a close how
    much was sent before, which is where the FIN lies. `peer`: whom a connect or a datagram was for, or an accept or a
    datagram came from. `parts`: each datagram, several where a call moves several. `ended`: this close was the last.
    `others`: what else was waited for; `socket` is then the first that was ready.
    """

    socket: int
    role: Role
    made: int | None = None
    size: int = 0
    offset: int | None = None
    peer: Address | None = None
    parts: tuple[Part, ...] = ()
    ended: bool = False
    others: tuple[int, ...] = ()


ROLES: dict[str, Role] = {
    "socket": "make",
    "socketpair": "make",
    "bind": "bind",
    "listen": "listen",
    "connect": "connect",
    "shutdown": "shutdown",
    "close": "close",
    "sendfile": "send",
    "splice": "receive",
    **dict.fromkeys(FAMILIES["accept"], "accept"),
    **dict.fromkeys(FAMILIES["write"], "send"),
    **dict.fromkeys(FAMILIES["read"], "receive"),
    **dict.fromkeys(FAMILIES["poll"], "wait"),
}
"""What calls do to the socket that their first argument leads to; all others are `other`."""
