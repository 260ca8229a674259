"""A packet socket with a ring of memory that the kernel writes into -> every packet of a network namespace, as it was.

Of every interface, whoever it is from or to. The ring holds a burst that no socket's buffer would (its bound,
net.core.rmem_max, doesn't count here), and nothing is copied per call. Packets lie in blocks; a block is ours when it
is full, or was begun so long ago. Needs CAP_NET_RAW over the namespace alone.

Layouts and numbers: linux/if_packet.h, linux/filter.h; Documentation/networking/packet_mmap.rst, on TPACKET_V3.
"""

from __future__ import annotations

import array
import mmap
import socket
import struct
from typing import NamedTuple

_SOL_PACKET, _SO_ATTACH_FILTER, _ETH_P_ALL = 263, 26, 0x0003
_RX_RING, _STATISTICS, _VERSION, _TPACKET_V3 = 5, 6, 10, 2
_OURS, _THE_KERNELS = 1, 0  # TP_STATUS_USER, TP_STATUS_KERNEL
_LOOPBACK, _OUTGOING = 772, 4  # ARPHRD_LOOPBACK, PACKET_OUTGOING

_BLOCK_SIZE, _BLOCKS = 128 * 1024, 64
"""A block holds the largest packet whole: 64 KiB that a network card would have cut into segments, and its headers."""
_RETIRED_AFTER_MS = 8
"""So many blocks, each open for so long at least, are half a second of slow traffic that nobody takes from us."""
_FRAME_SIZE = 2048  # only has to divide the block: in this version frames are as long as their packets

_REQUEST = struct.Struct("=7I")  # struct tpacket_req3
_BLOCK = struct.Struct("=2I 4I Q 4I")  # struct tpacket_block_desc, with its tpacket_hdr_v1
_STATUS, _STATUS_AT = struct.Struct("@I"), 8
_PACKET = struct.Struct("=6I 2H 20x 4x I H B 9x")  # struct tpacket3_hdr, then struct sockaddr_ll
_COUNTS = struct.Struct("=3I")  # struct tpacket_stats_v3
_PROGRAM = struct.Struct("@HP")  # struct sock_fprog
_INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_EXTRA = 0xFFFFF000  # SKF_AD_OFF: what is known of a packet besides its bytes
_DIRECTION, _MARK, _KIND = _EXTRA + 4, _EXTRA + 20, _EXTRA + 28  # SKF_AD_PKTTYPE, SKF_AD_MARK, SKF_AD_HATYPE
_WHOLE = 0xFFFFFFFF
_NOTHING = _INSTRUCTION.pack(_RETURN, 0, 0, 0)


class Seen(NamedTuple):
    """A packet. `data` begins with the Ethernet header; `length` is what it had of bytes. CLOCK_REALTIME, in ns.

    `interface`: the index of the one that it passed (netdevice(7)).
    """

    t_ns: int
    data: bytes
    length: int
    is_outbound: bool
    is_loopback: bool
    interface: int = 0


class Counts(NamedTuple):
    """Since the ring was opened: packets that the kernel has put into it, and those for which there was no room."""

    stored: int
    lost: int


class Ring:
    """What is recorded begins when this is made. OSError if it may not be, or can't be had."""

    def __init__(self, *, left_out: int | None = None) -> None:
        """`left_out`: the mark of packets that aren't recorded. Nor is a packet that leaves by loopback: it comes."""
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        try:
            self._filter(_NOTHING)
            self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
            self._socket.setsockopt(_SOL_PACKET, _RX_RING, _request())  # throws away what came before
            self._memory = mmap.mmap(self._socket.fileno(), _BLOCK_SIZE * _BLOCKS)
            self._ask_counts()
            self._filter(program(left_out))
        except OSError:
            self._socket.close()
            raise
        self._view = memoryview(self._memory)
        self._next = 0
        self._counts = Counts(0, 0)
        self.taken = 0
        """Packets that `take` has returned."""

    def fileno(self) -> int:
        """Readable when there is a block to be taken."""
        return self._socket.fileno()

    def take(self) -> list[Seen]:
        """The packets of the next block that is ours, in the order in which they came; none if no block is."""
        start = self._next * _BLOCK_SIZE
        with self._view[start : start + _BLOCK_SIZE] as block:
            if not _STATUS.unpack_from(block, _STATUS_AT)[0] & _OURS:
                return []
            seen = packets_in(block)
            _STATUS.pack_into(block, _STATUS_AT, _THE_KERNELS)
        self._next = (self._next + 1) % _BLOCKS
        self.taken += len(seen)
        return seen

    def counts(self) -> Counts:
        """As they are now. The kernel counts a packet with the same lock held with which it gives it its place."""
        if self._socket.fileno() >= 0:
            stored, lost = self._ask_counts()
            self._counts = Counts(self._counts.stored + stored, self._counts.lost + lost)
        return self._counts

    def close(self) -> None:
        """Record no more; what wasn't taken is thrown away. May be called twice."""
        self.counts()
        self._view.release()
        self._memory.close()
        self._socket.close()

    def _ask_counts(self) -> Counts:
        """Since they were asked for last; the kernel's number of packets has those in it that were lost."""
        packets, lost, _ = _COUNTS.unpack(self._socket.getsockopt(_SOL_PACKET, _STATISTICS, _COUNTS.size))
        return Counts(packets - lost, lost)

    def _filter(self, instructions: bytes) -> None:
        """Have the kernel put in only what these let pass."""
        kept = array.array("B", instructions)
        given = _PROGRAM.pack(len(instructions) // _INSTRUCTION.size, kept.buffer_info()[0])
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, given)


def _request() -> bytes:
    frames = _BLOCK_SIZE // _FRAME_SIZE * _BLOCKS
    return _REQUEST.pack(_BLOCK_SIZE, _BLOCKS, _FRAME_SIZE, frames, _RETIRED_AFTER_MS, 0, 0)


def program(left_out: int | None) -> bytes:
    """What chooses the packets that are recorded, in classic BPF: jumps count from the next instruction on. Pure."""
    of_mark = [] if left_out is None else [(_LOAD, 0, 0, _MARK), (_EQUAL, 5, 0, left_out)]
    rest = [
        (_LOAD, 0, 0, _KIND),
        (_EQUAL, 0, 2, _LOOPBACK),
        (_LOAD, 0, 0, _DIRECTION),
        (_EQUAL, 1, 0, _OUTGOING),
        (_RETURN, 0, 0, _WHOLE),
        (_RETURN, 0, 0, 0),
    ]
    return b"".join(_INSTRUCTION.pack(*one) for one in [*of_mark, *rest])


def packets_in(block: memoryview) -> list[Seen]:
    """The packets of a block, in their order. Pure."""
    _, _, _, count, at, *_ = _BLOCK.unpack_from(block)
    seen = []
    for _ in range(count):
        after, seconds, ns, kept, length, _, offset, _, index, kind, direction = _PACKET.unpack_from(block, at)
        begin = at + offset
        data = bytes(block[begin : begin + kept])
        t_ns = seconds * 1_000_000_000 + ns
        seen.append(Seen(t_ns, data, length, direction == _OUTGOING, kind == _LOOPBACK, index))
        at += after
    return seen
