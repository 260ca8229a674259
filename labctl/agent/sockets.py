"""/proc/net and sock_diag -> the sockets of this host, with what waits in them.

Runs on a host, so it sees that host's network namespace. Source: proc(5) (/proc/net/tcp, udp, unix),
sock_diag(7) for what waits at a Unix domain socket.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from typing import NamedTuple

from labctl.agent.diag import TcpSocket, ipv6_only_inodes, tcp_sockets, unix_queues

_TCP_STATES = {
    1: "established", 2: "syn-sent", 3: "syn-received", 4: "fin-wait", 5: "fin-wait", 6: "time-wait",
    7: "closed", 8: "close-wait", 9: "last-ack", 10: "listening", 11: "closing", 12: "syn-received",
}  # fmt: skip
_FIN_ARRIVED = (8, 9, 11)  # CLOSE_WAIT, LAST_ACK, CLOSING
_SYN_OR_FIN_UNDER_WAY = (2, 4, 9, 11)  # SYN_SENT, FIN_WAIT1, LAST_ACK, CLOSING
_FIN_UNDER_WAY = (4, 9, 11)  # FIN_WAIT1, LAST_ACK, CLOSING
_UDP_BOUND = 7  # a UDP socket that is bound and not connected shows as TCP's CLOSE


class Socket(NamedTuple):
    """One socket. `local`/`remote` are (address, port); for unix `local` is (path, 0), "@" before an abstract one.

    `received`: bytes arrived and not read (a listening socket: connections that wait for accept). `sent`: bytes
    sent and not acknowledged. `dropped`: datagrams thrown away. `ipv6_only`: bound to ::, and doesn't take IPv4.
    `awaits_last_ack`: it has sent its FIN, which the other end has not acknowledged yet.
    """

    protocol: str
    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    received: int
    sent: int
    dropped: int
    inode: int
    ipv6_only: bool = False
    awaits_last_ack: bool = False


def sockets(protocol: str) -> list[Socket]:
    """Every socket of `tcp`, `udp` or `unix` on this host."""
    if protocol == "unix":
        return _unix_sockets()
    with suppress(OSError):  # a kernel without tcp_diag: the table in /proc tells the same, slowly
        if protocol == "tcp":
            return [*map(tcp_socket, tcp_sockets(socket.AF_INET)), *map(tcp_socket, _of_ipv6())]
    found = []
    for name in (protocol, protocol + "6"):
        try:
            with open(f"/proc/net/{name}", "rb") as table:
                found += inet_sockets(protocol, table.read())
        except FileNotFoundError:  # no IPv6 in this kernel
            continue
    if protocol == "udp" and any(one.local[0] == "::" for one in found):
        only = ipv6_only_inodes()
        found = [one._replace(ipv6_only=one.inode in only) for one in found]
    return found


def _of_ipv6() -> list[TcpSocket]:
    try:
        return tcp_sockets(socket.AF_INET6)
    except OSError:  # no IPv6 in this kernel
        return []


def tcp_socket(one: TcpSocket) -> Socket:
    """A socket as sock_diag tells it."""
    state = _TCP_STATES.get(one.state, "closed")
    # Of a listening socket what is `sent` is how many may wait.
    received, sent = _bytes_in_queues(one.state, one.received, 0 if state == "listening" else one.sent)
    awaits = one.state in _FIN_UNDER_WAY
    return Socket("tcp", one.local, one.remote, state, received, sent, 0, one.inode, one.ipv6_only, awaits)


def _bytes_in_queues(state: int, received: int, sent: int) -> tuple[int, int]:
    """A SYN or FIN has a sequence number, so the kernel counts it in its queue. Nobody reads it: it is no byte."""
    return max(0, received - (state in _FIN_ARRIVED)), max(0, sent - (state in _SYN_OR_FIN_UNDER_WAY))


def inet_sockets(protocol: str, table: bytes) -> list[Socket]:
    """The sockets in the text of /proc/net/tcp, tcp6, udp or udp6. Whether they take IPv4 isn't told there."""
    return [_inet_socket(protocol, row.split()) for row in table.splitlines()[1:]]


def _inet_socket(protocol: str, fields: list[bytes]) -> Socket:
    number = int(fields[3], 16)
    sent, received = (int(queue, 16) for queue in fields[4].split(b":"))
    if protocol == "tcp":
        state = _TCP_STATES.get(number, "closed")
        received, sent = _bytes_in_queues(number, received, sent)
    else:
        state = "listening" if number == _UDP_BOUND else "established"
    return Socket(
        protocol=protocol,
        local=_address(fields[1]),
        remote=_address(fields[2]),
        state=state,
        received=received,
        sent=sent,
        dropped=int(fields[12]) if protocol == "udp" else 0,
        inode=int(fields[9]),
        awaits_last_ack=protocol == "tcp" and number in _FIN_UNDER_WAY,
    )


def _address(text: bytes) -> tuple[str, int]:
    """`0100007F:CA05` -> ("127.0.0.1", 51717). Each 32-bit word is in the machine's byte order."""
    address, port = text.split(b":")
    words = [int(address[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(address), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words)), int(port, 16)


_LISTENING_FLAG = 0x10000  # __SO_ACCEPTCON, in /proc/net/unix
_UNIX_STATES = {1: "unconnected", 2: "connecting", 3: "established", 4: "closing"}


def _unix_sockets() -> list[Socket]:
    queues = unix_queues()
    with open("/proc/net/unix", "rb") as table:
        return unix_sockets(table.read(), queues)


def unix_sockets(table: bytes, queues: dict[int, tuple[int, int]]) -> list[Socket]:
    """The sockets in the text of /proc/net/unix, with what waits at each inode (labctl.agent.diag.unix_queues).

    The kernel writes paths as they are: of one with a newline in it the first line is taken.
    """
    found = []
    for row in table.split(b"\n")[1:]:
        with suppress(ValueError, IndexError):  # the rest of a path
            found.append(_unix_socket(row.split(None, 7), queues))
    return found


def _unix_socket(fields: list[bytes], queues: dict[int, tuple[int, int]]) -> Socket:
    inode = int(fields[6])
    listening = int(fields[3], 16) & _LISTENING_FLAG
    datagram = int(fields[4], 16) == socket.SOCK_DGRAM
    state = _UNIX_STATES.get(int(fields[5], 16), "unconnected")
    if listening or (datagram and len(fields) > 7):
        state = "listening"
    received, sent = queues.get(inode, (0, 0))
    path = os.fsdecode(fields[7]) if len(fields) > 7 else ""
    return Socket("unix", (path, 0), ("", 0), state, received, sent, 0, inode)
