"""Calls -> the sockets they are about: each by its ends, with what every call did to it, and where in its stream. Pure.

A connection's bytes are counted over all processes that have the socket, apart for each direction, from 0: the first
byte behind the SYN. Where a call moved an amount that nobody saw, offsets from then on are not known.
"""

from __future__ import annotations

from msgspec import Struct

from labctl.observe.trace.endpoints import Address, Kind
from labctl.observe.trace.following import Follower
from labctl.observe.trace.known import Socket
from labctl.observe.trace.model import Trace
from labctl.observe.trace.uses import Use

__all__ = ["Followed", "Socket", "Use", "followed", "words"]


class Followed(Struct, frozen=True):
    """All sockets of a trace in the order in which they were met. `uses` is parallel to its calls."""

    sockets: tuple[Socket, ...]
    uses: tuple[Use | None, ...]


def followed(trace: Trace) -> Followed:
    """Follow every descriptor through forks, threads, copies and closes. Never raises, whatever the trace lacks."""
    follower = Follower(trace)
    return Followed(tuple(one.socket for one in follower.registry.known), tuple(follower.uses))


def words(socket: Socket) -> str:
    """In words: `TCP 10.0.0.2:40000 -> 10.0.0.1:51717`, `UDP [fd00::1]:51717`, `Unix /tmp/lab.sock`."""
    other = "IP" if socket.family.startswith("AF_INET") else socket.family.removeprefix("AF_") or "socket"
    name = {"tcp": "TCP", "udp": "UDP", "unix": "Unix", "other": other}
    ends = [_end(one, socket.kind) for one in (socket.local, socket.remote)]
    arrow = "->" if ends[1] else ""
    return " ".join(part for part in (name[socket.kind], ends[0], arrow, ends[1]) if part)


def _end(end: Address | None, kind: Kind) -> str:
    if end is None:
        return ""
    text, port = end
    return text if kind == "unix" else f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
