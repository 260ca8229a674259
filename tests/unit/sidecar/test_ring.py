"""Blocks of a packet ring, laid out as linux/if_packet.h says, and the program that chooses what comes into them."""

from __future__ import annotations

import ctypes
import struct
from itertools import product

import pytest

from labctl.sidecar.ring import Seen, packets_in, program

ETHERNET, LOOPBACK = 1, 772  # linux/if_arp.h
TO_US, BROADCAST, OUTGOING = 0, 1, 4  # linux/if_packet.h
MARK = 0x1AB0003


class BlockHeader(ctypes.Structure):
    """struct tpacket_block_desc, with its struct tpacket_hdr_v1."""

    _fields_ = (
        ("version", ctypes.c_uint32),
        ("offset_to_priv", ctypes.c_uint32),
        ("block_status", ctypes.c_uint32),
        ("num_pkts", ctypes.c_uint32),
        ("offset_to_first_pkt", ctypes.c_uint32),
        ("blk_len", ctypes.c_uint32),
        ("seq_num", ctypes.c_uint64),
        ("stamps", ctypes.c_uint32 * 4),
    )


class PacketHeader(ctypes.Structure):
    """struct tpacket3_hdr, and struct sockaddr_ll after it."""

    _fields_ = (
        ("tp_next_offset", ctypes.c_uint32),
        ("tp_sec", ctypes.c_uint32),
        ("tp_nsec", ctypes.c_uint32),
        ("tp_snaplen", ctypes.c_uint32),
        ("tp_len", ctypes.c_uint32),
        ("tp_status", ctypes.c_uint32),
        ("tp_mac", ctypes.c_uint16),
        ("tp_net", ctypes.c_uint16),
        ("hv1", ctypes.c_uint32 * 3),
        ("tp_padding", ctypes.c_uint8 * 8),
        ("sll_family", ctypes.c_ushort),
        ("sll_protocol", ctypes.c_uint16),
        ("sll_ifindex", ctypes.c_int),
        ("sll_hatype", ctypes.c_ushort),
        ("sll_pkttype", ctypes.c_ubyte),
        ("sll_halen", ctypes.c_ubyte),
        ("sll_addr", ctypes.c_ubyte * 8),
    )


MAC_AT = 82
"""Where a packet's bytes begin after its header: the kernel leaves room so that the network header is aligned."""


def block(*packets: tuple[PacketHeader, bytes]) -> memoryview:
    """A block that the kernel has filled with these, and with what it held before."""
    laid = b""
    for place, (header, data) in enumerate(packets):
        size = -(-(MAC_AT + len(data)) // 16) * 16
        header.tp_next_offset = size if place < len(packets) - 1 else 0
        header.tp_mac, header.tp_snaplen = MAC_AT, len(data)
        laid += (bytes(header).ljust(MAC_AT, b"\xee") + data).ljust(size, b"\xee")
    head = BlockHeader(version=1, block_status=1, num_pkts=len(packets), offset_to_first_pkt=48)
    return memoryview((bytes(head) + laid).ljust(4096, b"\xff"))


def test_packets_are_read_in_their_order() -> None:
    """When each came, its bytes, how many it had, and which way it went."""
    one = PacketHeader(tp_sec=1_700_000_000, tp_nsec=999_999_999, tp_len=5, sll_hatype=ETHERNET, sll_pkttype=OUTGOING)
    two = PacketHeader(tp_sec=1_700_000_001, tp_nsec=1, tp_len=70_000, sll_hatype=ETHERNET, sll_pkttype=BROADCAST)
    three = PacketHeader(tp_sec=1_700_000_001, tp_nsec=2, tp_len=3, sll_hatype=LOOPBACK, sll_pkttype=TO_US)
    assert packets_in(block((one, b"first"), (two, b"second" * 9), (three, b"own"))) == [
        Seen(1_700_000_000_999_999_999, b"first", 5, is_outbound=True, is_loopback=False),
        Seen(1_700_000_001_000_000_001, b"second" * 9, 70_000, is_outbound=False, is_loopback=False),
        Seen(1_700_000_001_000_000_002, b"own", 3, is_outbound=False, is_loopback=True),
    ]


def test_an_empty_block_has_no_packets() -> None:
    """What it held before is none of its."""
    assert packets_in(block()) == []


def passes(instructions: bytes, *, mark: int, kind: int, direction: int) -> bool:
    """What classic BPF does with a packet of which this is known (linux/filter.h)."""
    known = {0xFFFFF000 + 4: direction, 0xFFFFF000 + 20: mark, 0xFFFFF000 + 28: kind}
    accumulator = at = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", instructions, at * 8)
        at += 1
        if code == 0x06:
            return bool(value)
        if code == 0x20:
            accumulator = known[value]
        else:
            assert code == 0x15
            at += if_true if accumulator == value else if_false


@pytest.mark.parametrize("left_out", [None, MARK])
def test_only_what_leaves_by_loopback_and_what_is_marked_is_left_out(left_out: int | None) -> None:
    """Of any other packet nothing is asked."""
    for mark, kind, direction in product((0, MARK), (ETHERNET, LOOPBACK), (TO_US, BROADCAST, OUTGOING)):
        is_left_out = (mark == left_out) or (kind == LOOPBACK and direction == OUTGOING)
        assert passes(program(left_out), mark=mark, kind=kind, direction=direction) != is_left_out
