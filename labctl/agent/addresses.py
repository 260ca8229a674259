"""rtnetlink(7) -> the addresses that interfaces of this network namespace have. Stdlib only; needs no privilege."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

_GET, _NEW, _ERROR, _DONE = 22, 20, 2, 3  # RTM_GETADDR, RTM_NEWADDR, NLMSG_ERROR, NLMSG_DONE
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ADDRESS, _LOCAL = 1, 2  # IFA_ADDRESS, IFA_LOCAL
_IFADDRMSG = 8


def addresses() -> dict[str, list[str]]:
    """By the name of each interface that is there, in the kernel's order. OSError where the kernel doesn't say."""
    names = dict(socket.if_nameindex())
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for message in _dump():
        family, _, _, _, index = struct.unpack_from("=BBBBI", message)
        values = dict(_attributes(message[_IFADDRMSG:]))
        packed = values.get(_LOCAL) or values.get(_ADDRESS)  # of a link with two ends IFA_ADDRESS is the other one
        if packed and family in (socket.AF_INET, socket.AF_INET6):
            found.setdefault(names.get(index, f"interface {index}"), []).append(socket.inet_ntop(family, packed))
    return found


def _dump() -> Iterator[bytes]:
    request = struct.pack("=IHHIIB7x", 24, _GET, _REQUEST_DUMP, 1, 0, socket.AF_UNSPEC)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as asked:  # NETLINK_ROUTE
        asked.send(request)
        while True:
            data = asked.recv(65536)
            at = 0
            while at + 16 <= len(data):
                size, kind = struct.unpack_from("=IH", data, at)
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", data, at + 16)[0], "rtnetlink")
                if kind == _DONE:
                    return
                if kind == _NEW:
                    yield data[at + 16 : at + size]
                at += (size + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        yield kind, data[at + 4 : at + size]
        at += max(4, (size + 3) & ~3)
