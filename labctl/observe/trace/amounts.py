"""A call that sends or receives -> how much it moved, in which datagrams, with whom. Pure.

Source: strace's way to write sendto(2), sendmsg(2), sendmmsg(2) and their counterparts.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from labctl.observe.trace.arguments import STRING, split, unquoted_bytes
from labctl.observe.trace.endpoints import Address, address
from labctl.observe.trace.model import Call

_FLAGS_AT = {"sendto": 3, "recvfrom": 3, "sendmsg": 2, "recvmsg": 2, "sendmmsg": 3, "recvmmsg": 3}
_CONTENT = re.compile(rf"(?:{{.*?iov_base=)?({STRING})", re.ASCII | re.DOTALL)
_MOVED = re.compile(r"msg_len=(\d{1,10})\}$", re.ASCII)


class Datagram(NamedTuple):
    """Bytes that were moved at once, and the address that the call names for them."""

    size: int
    peer: Address | None


def flags(arguments: list[str], name: str) -> set[str]:
    """The MSG_ words of a call."""
    at = _FLAGS_AT.get(name)
    return set() if at is None or at >= len(arguments) else set(arguments[at].split("|"))


def moved(call: Call, arguments: list[str]) -> list[Datagram] | None:
    """What a call has moved; None where its result is no number, or its list is cut short."""
    if call.error:
        return []
    if call.returned is None:
        return None
    if call.name in ("sendmmsg", "recvmmsg"):
        return _several(call.returned, arguments)
    return [Datagram(max(0, call.returned), named(call.name, arguments))]


def beginning(call: Call) -> bytes:
    """The first bytes of what a call of one datagram moved, as many as strace tells: none where it tells none."""
    arguments = split(call.arguments)
    found = _CONTENT.match(arguments[1]) if len(arguments) > 1 and not call.name.endswith("mmsg") else None
    return unquoted_bytes(found[1][1:-1]) if found else b""


def named(name: str, arguments: list[str]) -> Address | None:
    """The address that a call of one datagram is given, or gives."""
    if name in ("sendto", "recvfrom") and len(arguments) > 4:
        return address(arguments[4])
    if name in ("sendmsg", "recvmsg") and len(arguments) > 1:
        return _of_header(arguments[1])
    return None


def _several(count: int, arguments: list[str]) -> list[Datagram] | None:
    found = []
    for one in split(arguments[1][1:-1])[:count] if len(arguments) > 1 else []:
        size = _MOVED.search(one)
        header = split(one[1:-1])[0].removeprefix("msg_hdr=") if size else ""
        if size is None:
            return None
        found.append(Datagram(int(size[1]), _of_header(header)))
    return found if len(found) == count else None


def _of_header(header: str) -> Address | None:
    return address(header.removeprefix("{msg_name="))
