"""sock_diag(7) -> what /proc/net doesn't tell of sockets: queues of Unix domain ones, IPV6_V6ONLY, and TCP quickly.

Runs on a host, and needs no privilege there. Source: sock_diag(7), linux/unix_diag.h, linux/inet_diag.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from labctl.agent.netlink import SOCK_DIAG, attributes, dump

_SOCK_DIAG_BY_FAMILY = 20
_ALL_STATES = 0xFFFFFFFF
_LISTENING_OR_CLOSED = 1 << 10 | 1 << 7
_SHOW_QUEUES, _QUEUES = 0x10, 4  # UDIAG_SHOW_RQLEN, UNIX_DIAG_RQLEN
_IPV6_ONLY = 11  # INET_DIAG_SKV6ONLY
_UNIX_MESSAGE, _INET_MESSAGE = 16, 72
_INET_QUEUES_AT, _INET_INODE_AT = 56, 68


def unix_queues() -> dict[int, tuple[int, int]]:
    """inode -> (bytes to read, or connections that wait for accept; bytes on their way)."""
    request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _ALL_STATES, 0, _SHOW_QUEUES, 0xFFFFFFFF, 0xFFFFFFFF)
    queues: dict[int, tuple[int, int]] = {}
    for message in _dump_or_nothing(request):
        inode = struct.unpack_from("=I", message, 4)[0]
        for kind, value in attributes(message[_UNIX_MESSAGE:]):
            if kind == _QUEUES:
                received, sent = struct.unpack_from("=II", value)
                queues[inode] = (received, sent)
    return queues


class TcpSocket(NamedTuple):
    """A TCP socket as the kernel tells it: `state` as in /proc/net/tcp, queues as `ss` shows them."""

    local: tuple[str, int]
    remote: tuple[str, int]
    state: int
    received: int
    sent: int
    inode: int
    ipv6_only: bool


def tcp_sockets(family: socket.AddressFamily) -> list[TcpSocket]:
    """The TCP sockets of a family. OSError where this kernel can't say.

    Twenty times faster than /proc/net/tcp, which goes through a table whose size is that of the machine's memory.
    """
    return [_tcp_socket(message) for message in _dump(_inet_request(family, socket.IPPROTO_TCP, _ALL_STATES))]


def ipv6_only_inodes() -> set[int]:
    """The inodes of the UDP sockets that are bound to IPv6 and don't take IPv4 (IPV6_V6ONLY)."""
    request = _inet_request(socket.AF_INET6, socket.IPPROTO_UDP, _LISTENING_OR_CLOSED)
    return {
        struct.unpack_from("=I", message, _INET_INODE_AT)[0]
        for message in _dump_or_nothing(request)
        if _is_ipv6_only(message)
    }


def _inet_request(family: socket.AddressFamily, protocol: int, states: int) -> bytes:
    return struct.pack("=BBBBI48x", family, protocol, 0, 0, states)


def _tcp_socket(message: bytes) -> TcpSocket:
    """From struct inet_diag_msg."""
    family, state = message[0], message[1]
    ports = struct.unpack_from("!HH", message, 4)
    size = 4 if family == socket.AF_INET else 16
    local, remote = (socket.inet_ntop(family, message[at : at + size]) for at in (8, 24))
    received, sent, _, inode = struct.unpack_from("=IIII", message, _INET_QUEUES_AT)
    return TcpSocket((local, ports[0]), (remote, ports[1]), state, received, sent, inode, _is_ipv6_only(message))


def _is_ipv6_only(message: bytes) -> bool:
    return any(kind == _IPV6_ONLY and value[0] for kind, value in attributes(message[_INET_MESSAGE:]))


def _dump_or_nothing(request: bytes) -> list[bytes]:
    """The same; nothing where this kernel can't say."""
    try:
        return list(_dump(request))
    except OSError:
        return []


def _dump(request: bytes) -> Iterator[bytes]:
    """The kernel's answer. OSError where it has none."""
    return dump(SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, request)
