"""netlink(7): a question to the kernel -> every message of its answer, and the attributes of one. Stdlib only."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

ROUTE, SOCK_DIAG = 0, 4  # NETLINK_ROUTE, NETLINK_SOCK_DIAG
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_HEADER = 16
_NAMES = {ROUTE: "rtnetlink", SOCK_DIAG: "sock_diag"}


def dump(protocol: int, kind: int, request: bytes) -> Iterator[bytes]:
    """Every message of the kernel's answer, without its header. OSError where it has none.

    `kind` is the request's type, `request` what follows the header.
    """
    header = struct.pack("=IHHII", _HEADER + len(request), kind, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as asked:
        asked.send(header + request)
        while True:
            data = asked.recv(65536)
            at = 0
            while at + _HEADER <= len(data):
                size, kind_of_it = struct.unpack_from("=IH", data, at)
                if kind_of_it == _ERROR:
                    raise OSError(-struct.unpack_from("=i", data, at + _HEADER)[0], _NAMES[protocol])
                if kind_of_it == _DONE:
                    return
                yield data[at + _HEADER : at + size]
                at += (size + 3) & ~3


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each one's kind and value."""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        yield kind, data[at + 4 : at + size]
        at += max(4, (size + 3) & ~3)
