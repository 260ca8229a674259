"""sock_diag(7) -> what /proc/net doesn't tell of sockets: queues of Unix domain ones, and IPV6_V6ONLY.

Runs on a host, and needs no privilege there. Source: sock_diag(7), linux/unix_diag.h, linux/inet_diag.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

_SOCK_DIAG_BY_FAMILY, _NLMSG_DONE, _NLMSG_ERROR = 20, 3, 2
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ALL_STATES = 0xFFFFFFFF
_LISTENING_OR_CLOSED = 1 << 10 | 1 << 7
_SHOW_QUEUES, _QUEUES = 0x10, 4  # UDIAG_SHOW_RQLEN, UNIX_DIAG_RQLEN
_IPV6_ONLY = 11  # INET_DIAG_SKV6ONLY
_UNIX_MESSAGE, _INET_MESSAGE = 16, 72
_INET_INODE_AT = 68


def unix_queues() -> dict[int, tuple[int, int]]:
    """inode -> (bytes to read, or connections that wait for accept; bytes on their way)."""
    request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _ALL_STATES, 0, _SHOW_QUEUES, 0xFFFFFFFF, 0xFFFFFFFF)
    queues: dict[int, tuple[int, int]] = {}
    for message in _dump(request):
        inode = struct.unpack_from("=I", message, 4)[0]
        for kind, value in _attributes(message[_UNIX_MESSAGE:]):
            if kind == _QUEUES:
                received, sent = struct.unpack_from("=II", value)
                queues[inode] = (received, sent)
    return queues


def ipv6_only_inodes(protocol: str) -> set[int]:
    """The inodes of the IPv6 sockets that don't take IPv4 (IPV6_V6ONLY)."""
    number = socket.IPPROTO_TCP if protocol == "tcp" else socket.IPPROTO_UDP
    request = struct.pack("=BBBBI48x", socket.AF_INET6, number, 0, 0, _LISTENING_OR_CLOSED)
    inodes = set()
    for message in _dump(request):
        for kind, value in _attributes(message[_INET_MESSAGE:]):
            if kind == _IPV6_ONLY and value[0]:
                inodes.add(struct.unpack_from("=I", message, _INET_INODE_AT)[0])
    return inodes


def _dump(request: bytes) -> Iterator[bytes]:
    """Every message of the kernel's answer, without its netlink header."""
    header = struct.pack("=IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as diag:  # NETLINK_SOCK_DIAG
        diag.send(header + request)
        while True:
            data = diag.recv(65536)
            at = 0
            while at + 16 <= len(data):
                size, kind = struct.unpack_from("=IH", data, at)
                if kind in (_NLMSG_DONE, _NLMSG_ERROR):
                    return
                yield data[at + 16 : at + size]
                at += (size + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        yield kind, data[at + 4 : at + size]
        at += max(4, (size + 3) & ~3)
