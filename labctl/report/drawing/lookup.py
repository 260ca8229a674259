"""A process's calls -> those by which the C library, as it looks up a name, finds out what addresses it can reach.

getaddrinfo(3) asks the kernel for the host's own addresses over netlink, and connects UDP sockets, which sends nothing,
to see which of its addresses the host would use for each it has found (RFC 6724, 5 and 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labctl.observe.story import CallSeen
from labctl.observe.trace.arguments import descriptor

_OF_NETLINK = {"socket", "bind", "getsockname", "sendto", "recvmsg", "close"}


def of_lookups(calls: Sequence[CallSeen], own: Sequence[int]) -> Iterator[int]:
    """Their places among all calls; `own` are those of one process, in order."""
    told = [number for number in own if calls[number].group != "file"]
    ended_at: int | None = None
    for place, number in enumerate(told):
        life = _life(calls, told, place) if calls[number].name == "socket" else []
        its = [calls[told[at]] for at in life]
        if _asks_for_addresses(its) or _tries_ways(its, is_next=ended_at is not None and ended_at == place - 1):
            ended_at = life[-1]
            yield from (told[at] for at in life)


def _life(calls: Sequence[CallSeen], told: Sequence[int], place: int) -> list[int]:
    """The places of a socket's calls, from `socket` to `close`; none where it never came to be, or is never closed."""
    opened = calls[told[place]].returned
    if opened is None or opened < 0:
        return []
    its = [place]
    for at in range(place + 1, len(told)):
        call = calls[told[at]]
        named = descriptor(call.arguments)
        if named is None or named[0] != opened:
            continue
        its.append(at)
        if call.name == "close":
            return its
        if call.name not in _OF_NETLINK and call.name != "connect":
            return []
    return []


def _asks_for_addresses(its: Sequence[CallSeen]) -> bool:
    """Whether a netlink socket does this and no more."""
    if not its or not its[0].arguments.startswith("AF_NETLINK, "):
        return False
    asked = [call for call in its if call.name == "sendto"]
    is_only = bool(asked) and all("RTM_GETADDR" in call.arguments for call in asked)
    return is_only and all(call.name in _OF_NETLINK for call in its)


def _tries_ways(its: Sequence[CallSeen], *, is_next: bool) -> bool:
    """Whether a UDP socket is connected, asked for its own address, and closed, and nothing is sent.

    `is_next`: right after another step of a look-up. Only then an attempt counts that failed, for want of a way there.
    """
    if not its or not its[0].arguments.startswith(("AF_INET, SOCK_DGRAM", "AF_INET6, SOCK_DGRAM")):
        return False
    names = [call.name for call in its]
    if not set(names) <= {"socket", "connect", "getsockname", "close"} or any(call.packets for call in its):
        return False
    connects = [at for at, call in enumerate(its) if call.name == "connect" and "AF_UNSPEC" not in call.arguments]
    is_asked = all(its[at].error or names[at + 1] == "getsockname" for at in connects)
    return bool(connects) and is_asked and (is_next or "getsockname" in names)
