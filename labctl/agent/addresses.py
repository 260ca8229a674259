"""rtnetlink(7) -> the addresses that interfaces of this network namespace have. Stdlib only; needs no privilege."""

from __future__ import annotations

import socket
import struct

from labctl.agent.netlink import ROUTE, attributes, dump

_GET = 22  # RTM_GETADDR
_ADDRESS, _LOCAL = 1, 2  # IFA_ADDRESS, IFA_LOCAL
_IFADDRMSG = 8


def addresses() -> dict[str, list[str]]:
    """By the name of each interface that is there, in the kernel's order. OSError where the kernel doesn't say."""
    names = dict(socket.if_nameindex())
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for message in dump(ROUTE, _GET, struct.pack("=B7x", socket.AF_UNSPEC)):
        family, _, _, _, index = struct.unpack_from("=BBBBI", message)
        values = dict(attributes(message[_IFADDRMSG:]))
        packed = values.get(_LOCAL) or values.get(_ADDRESS)  # of a link with two ends IFA_ADDRESS is the other one
        if packed and family in (socket.AF_INET, socket.AF_INET6):
            found.setdefault(names.get(index, f"interface {index}"), []).append(socket.inet_ntop(family, packed))
    return found
