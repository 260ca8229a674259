"""A queue of the kernel's packet filter -> packets that it holds for us, and our verdicts on them.

A packet that a rule sends to the queue waits in the kernel until a verdict on it comes. Where nobody has the queue
open, packets sent to it are lost. linux/netfilter/nfnetlink_queue.h; segments that were put together on their way
come one by one, because we don't set NFQA_CFG_F_GSO.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from labctl.agent.kernel import Messages

NETLINK_NETFILTER = 12
_SUBSYSTEM = 3 << 8
_PACKET, _VERDICT, _CONFIG, _VERDICT_UP_TO = 0, 1, 2, 3
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
_MOST_BYTES = 65536 + 1024
"""Of a packet, with what the kernel tells about it."""
_DROP, _ACCEPT = 0, 1

_START = struct.Struct("=IH")
_MESSAGE = struct.Struct("=IHHIIBBH")  # struct nlmsghdr, struct nfgenmsg
_ATTRIBUTE = struct.Struct("=HH")
_NUMBERS = struct.Struct("!II")
_NUMBER = struct.Struct("!I")


class Held(NamedTuple):
    """A packet that waits for a verdict: its number in the queue, and its bytes from the IP header on."""

    number: int
    data: bytes


class Verdict(NamedTuple):
    """On a packet of a number. `more`: what is changed, as attributes of the message."""

    number: int
    goes_on: bool
    more: bytes = b""

    @property
    def is_plain(self) -> bool:
        """Whether it goes on as it is."""
        return self.goes_on and not self.more


class Queue:
    """A queue that is ours alone. OSError when it is somebody's, or when the kernel has none."""

    def __init__(self, number: int, *, copied: int = 65535, force_buffer: bool = True) -> None:
        """`copied`: so many bytes of each packet are wanted."""
        self._number = number
        self._come: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._verdicts: list[Verdict] = []
        self._held = 0
        self._messages = Messages(_AT_ONCE, _MOST_BYTES)
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
        """The next of those that have come; few, so that verdicts are not kept waiting.

        All that the kernel has for us are taken from it, because it has little room for them.
        """
        come = self._come
        while self._waiting_bytes < _WANTED_BUFFER:
            taken = self._messages.take(self._socket.fileno())
            come += taken
            self._waiting_bytes += sum(map(len, taken))
            if len(taken) < _AT_ONCE:
                break
        chosen = [come.popleft() for _ in range(min(len(come), _AT_ONCE))]
        self._waiting_bytes -= sum(map(len, chosen))
        self._held += len(chosen)
        return [_packet(message) for message in chosen]

    @property
    def has_more(self) -> bool:
        """Whether some have been taken from the kernel and wait to be received."""
        return bool(self._come)

    def release(self, number: int, *, mark: int | None = None, data: bytes | None = None) -> None:
        """Let a packet go on, with another mark or other bytes if they are given."""
        more = b"" if mark is None else _attribute(_MARK, _NUMBER.pack(mark))
        more += b"" if data is None else _attribute(_PAYLOAD, data)
        self._verdicts.append(Verdict(number, True, more))

    def drop(self, number: int) -> None:
        """Let a packet go nowhere."""
        self._verdicts.append(Verdict(number, False))

    def flush(self) -> None:
        """Tell the kernel the verdicts that were given, in their order."""
        verdicts, self._verdicts = self._verdicts, []
        self._held -= len(verdicts)
        for part in _parts(told(self._number, verdicts, are_all=not self._held)):
            self._socket.send(part)

    def lost(self) -> int:
        """How many packets the kernel lost because the queue was full, or our buffer."""
        with open("/proc/net/netfilter/nfnetlink_queue") as table:
            rows = (line.split() for line in table)
            return sum(int(row[5]) + int(row[6]) for row in rows if int(row[0]) == self._number)

    def close(self) -> None:
        """What is still held is lost."""
        self._socket.close()

    def _configure(self, kind: int, value: bytes) -> None:
        self._socket.send(_message(self._number, _CONFIG, _REQUEST | _ACKNOWLEDGE, _attribute(kind, value)))
        answer = self._socket.recv(65536)
        number = -struct.unpack_from("=i", answer, 16)[0]
        if number:
            raise OSError(number, f"packet queue {self._number}")


def told(queue: int, verdicts: Sequence[Verdict], *, are_all: bool) -> list[bytes]:
    """Verdicts as messages to the kernel. Pure.

    `are_all`: they are about all packets that are held. Then those that go on as they are have one message for all
    up to a number, as long as none overtakes another.
    """
    numbers = [verdict.number for verdict in verdicts]
    if not are_all or any(map(int.__gt__, numbers, numbers[1:])):
        return [_verdict(queue, _VERDICT, verdict) for verdict in verdicts]
    messages: list[bytes] = []
    last: Verdict | None = None
    for verdict in verdicts:
        if verdict.is_plain:
            last = verdict
            continue
        if last is not None:
            messages.append(_verdict(queue, _VERDICT_UP_TO, last))
            last = None
        messages.append(_verdict(queue, _VERDICT, verdict))
    return messages if last is None else [*messages, _verdict(queue, _VERDICT_UP_TO, last)]


def _verdict(queue: int, kind: int, verdict: Verdict) -> bytes:
    numbers = _NUMBERS.pack(_ACCEPT if verdict.goes_on else _DROP, verdict.number)
    return _message(queue, kind, _REQUEST, _attribute(_VERDICT_HEADER, numbers) + verdict.more)


def _message(queue: int, kind: int, flags: int, attributes: bytes) -> bytes:
    size = _MESSAGE.size + len(attributes)
    return _MESSAGE.pack(size, _SUBSYSTEM | kind, flags, 0, 0, 0, 0, socket.htons(queue)) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _parts(messages: list[bytes]) -> Iterator[bytes]:
    """Several messages at once, as far as the kernel takes them."""
    part = bytearray()
    for message in messages:
        if part and len(part) + len(message) > _MOST_BYTES:
            yield bytes(part)
            part.clear()
        part += message
    if part:
        yield bytes(part)


def _packet(data: bytes) -> Held:
    """A message as the kernel wrote it: one packet each. OSError where it is an error."""
    end, kind = _START.unpack_from(data)
    if kind != _SUBSYSTEM | _PACKET:
        number = -struct.unpack_from("=i", data, 16)[0] if kind == _ERROR else errno.EPROTO
        raise OSError(number, "a verdict was refused")
    number, at = 0, _MESSAGE.size
    while at < end:
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if kind == _PAYLOAD:
            return Held(number, data[at + 4 : at + size])
        if kind == _HEADER:
            number = _NUMBER.unpack_from(data, at + 4)[0]
        at += size + 3 & ~3
    return Held(number, b"")
