"""A queue of the kernel's packet filter -> packets that it holds for us, and our verdicts on them.

A packet that a rule sends to the queue waits in the kernel until a verdict on it comes. Where nobody has the queue
open, packets sent to it are lost. linux/netfilter/nfnetlink_queue.h; segments that were put together on their way
come one by one, because we don't set NFQA_CFG_F_GSO.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

NETLINK_NETFILTER = 12
_SUBSYSTEM = 3 << 8
_PACKET, _VERDICT, _CONFIG = 0, 1, 2
_CMD, _PARAMS, _MAXLEN = 1, 2, 3
_BIND, _COPY_PACKET = 1, 2
_HEADER, _VERDICT_HEADER, _MARK, _PAYLOAD = 1, 2, 3, 10
_REQUEST, _ACKNOWLEDGE = 1, 4
_ERROR = 2
_SOL_NETLINK, _NO_ENOBUFS = 270, 5
_SO_RCVBUFFORCE = 33

_WANTED_BUFFER = 16 * 1024 * 1024
_LONGEST = 65536
"""Packets that the kernel holds at most; what comes then is lost, and counted."""
_AT_ONCE = 64
_DROP, _ACCEPT = 0, 1

_MESSAGE = struct.Struct("=IHHIIBBH")  # struct nlmsghdr, struct nfgenmsg
_ATTRIBUTE = struct.Struct("=HH")
_NUMBERS = struct.Struct("!II")
_QUEUED = struct.Struct("!IHB")


class Held(NamedTuple):
    """A packet that waits for a verdict: its number in the queue, and its bytes from the IP header on."""

    number: int
    data: bytes


class Queue:
    """A queue that is ours alone. OSError when it is somebody's, or when the kernel has none."""

    def __init__(self, number: int, *, copied: int = 65535, force_buffer: bool = True) -> None:
        """`copied`: so many bytes of each packet are wanted."""
        self._number = number
        self._verdicts: list[bytes] = []
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        try:
            self._socket.bind((0, 0))
            self._socket.setsockopt(_SOL_NETLINK, _NO_ENOBUFS, 1)
            if force_buffer:
                self._enlarge()
            self._configure(_CMD, struct.pack("!BBH", _BIND, 0, 0))
            self._configure(_PARAMS, struct.pack("!IB", copied, _COPY_PACKET))
            self._configure(_MAXLEN, struct.pack("!I", _LONGEST))
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)

    def _enlarge(self) -> None:
        """As far as we may: beyond the machine's own bound only with a right over the whole machine's network."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _WANTED_BUFFER)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WANTED_BUFFER)

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def buffer(self) -> int:
        """How many bytes of packets we haven't read yet the kernel keeps; then it loses them."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def receive(self) -> list[Held]:
        """What has come, at most so much that verdicts are not kept waiting."""
        held: list[Held] = []
        for _ in range(_AT_ONCE):
            try:
                data = self._socket.recv(1 << 17)
            except BlockingIOError:
                break
            held += _packets(data)
        return held

    def release(self, number: int, *, mark: int | None = None, data: bytes | None = None) -> None:
        """Let a packet go on, with another mark or other bytes if they are given."""
        more = b"" if mark is None else _attribute(_MARK, struct.pack("!I", mark))
        more += b"" if data is None else _attribute(_PAYLOAD, data)
        self._decide(_ACCEPT, number, more)

    def drop(self, number: int) -> None:
        """Let a packet go nowhere."""
        self._decide(_DROP, number, b"")

    def flush(self) -> None:
        """Tell the kernel the verdicts that were given."""
        verdicts, self._verdicts = self._verdicts, []
        for at in range(0, len(verdicts), _AT_ONCE):
            self._socket.send(b"".join(verdicts[at : at + _AT_ONCE]))

    def lost(self) -> int:
        """How many packets the kernel lost because the queue was full, or our buffer."""
        with open("/proc/net/netfilter/nfnetlink_queue") as table:
            rows = (line.split() for line in table)
            return sum(int(row[5]) + int(row[6]) for row in rows if int(row[0]) == self._number)

    def close(self) -> None:
        """What is still held is lost."""
        self._socket.close()

    def _decide(self, verdict: int, number: int, more: bytes) -> None:
        attributes = _attribute(_VERDICT_HEADER, _NUMBERS.pack(verdict, number)) + more
        self._verdicts.append(self._message(_VERDICT, _REQUEST, attributes))
        if len(self._verdicts) >= _AT_ONCE:
            self.flush()

    def _configure(self, kind: int, value: bytes) -> None:
        self._socket.send(self._message(_CONFIG, _REQUEST | _ACKNOWLEDGE, _attribute(kind, value)))
        answer = self._socket.recv(65536)
        number = -struct.unpack_from("=i", answer, 16)[0]
        if number:
            raise OSError(number, f"packet queue {self._number}")

    def _message(self, kind: int, flags: int, attributes: bytes) -> bytes:
        size = _MESSAGE.size + len(attributes)
        return _MESSAGE.pack(size, _SUBSYSTEM | kind, flags, 0, 0, 0, 0, socket.htons(self._number)) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _packets(data: bytes) -> list[Held]:
    held = []
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from("=IH", data, at)
        if kind == _SUBSYSTEM | _PACKET:
            held.append(_packet(data, at + _MESSAGE.size, at + size))
        elif kind == _ERROR and (number := -struct.unpack_from("=i", data, at + 16)[0]):
            raise OSError(number, "a verdict was refused")
        at += size + 3 & ~3
    return held


def _packet(data: bytes, at: int, end: int) -> Held:
    number, packet = 0, b""
    while at < end:
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if kind & 0x3FFF == _HEADER:
            number = _QUEUED.unpack_from(data, at + 4)[0]
        elif kind & 0x3FFF == _PAYLOAD:
            packet = data[at + 4 : at + size]
        at += size + 3 & ~3
    return Held(number, packet)
