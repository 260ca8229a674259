"""TCP headers and their options."""

from __future__ import annotations

import pytest

from labctl.observe.packet import Tcp, decode
from labctl.observe.packet.model import ACK, CWR, ECE, FIN, PSH, SYN, URG
from tests.unit.observe.packets import CLIENT_PORT, PORT, USUAL_SYN, frame4, frame6, tcp


def test_a_header_is_read() -> None:
    """Its numbers and its flags, over either family."""
    segment = tcp(
        b"hello", flags=FIN | PSH | ACK | URG | ECE | CWR, sequence=7, acknowledgement=9, window=11, urgent=13
    )
    for packet in (decode(frame4(segment)), decode(frame6(segment))):
        assert packet.tcp == Tcp(sequence=7, acknowledgement=9, flags=0xF9, window=11, urgent=13)
        assert (packet.kind, packet.source_port, packet.port) == ("tcp", CLIENT_PORT, PORT)
        assert (packet.payload, packet.length) == (b"hello", 5)


def test_the_options_of_a_syn_are_read() -> None:
    """Those that Linux sends."""
    packet = decode(frame4(tcp(flags=SYN, options=USUAL_SYN)))
    assert packet.tcp == Tcp(sequence=1, flags=SYN, window=502, mss=1460, scale=7, may_sack=True, timestamps=(1, 0))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("0101080a0000000200000001", Tcp(sequence=1, flags=ACK, window=502, timestamps=(2, 1))),
        ("080a00000002000000010000", Tcp(sequence=1, flags=ACK, window=502, timestamps=(2, 1))),
        ("0101050a0000000100000002", Tcp(sequence=1, flags=ACK, window=502, sacks=((1, 2),))),
        ("fe04f98922060102030400ff", Tcp(sequence=1, flags=ACK, window=502, others=(254, 34))),
        ("fe0a01020304050607080100", Tcp(sequence=1, flags=ACK, window=502, others=(254,))),
        ("00010203", Tcp(sequence=1, flags=ACK, window=502)),
    ],
)
def test_options_are_read_up_to_their_end(options: str, told: Tcp) -> None:
    """In any order; what is not known by its kind."""
    packet = decode(frame4(tcp(b"hello", options=bytes.fromhex(options))))
    assert packet.tcp == told
    assert (packet.payload, packet.flaws) == (b"hello", ())


@pytest.mark.parametrize(
    ("options", "flaw"),
    [
        ("02000000", "TCP option 2 is broken, and what follows it not read"),
        ("fe060000", "TCP option 254 is broken, and what follows it not read"),
        ("01010102", "TCP option 2 is broken, and what follows it not read"),
        ("02030001", "TCP option 2 has a length that it can't have"),
        ("0503ff00", "TCP option 5 has a length that it can't have"),
    ],
)
def test_options_that_cannot_be_are_said(options: str, flaw: str) -> None:
    """The rest of the segment is read."""
    packet = decode(frame4(tcp(b"hello", options=bytes.fromhex(options))))
    assert packet.flaws == (flaw,)
    assert packet.payload == b"hello"


def test_a_header_that_is_too_short_or_too_long_is_said() -> None:
    """Its length stands in it."""
    short, long = bytearray(frame4(tcp(b"hello"))), bytearray(frame4(tcp(b"hello")))
    short[14 + 20 + 12], long[14 + 20 + 12] = 0x40, 0xF0
    assert decode(bytes(short)).flaws == ("a TCP header of 16 bytes is too short to be one",)
    assert decode(bytes(short)).payload == b"hello"
    assert decode(bytes(long)).flaws[0] == "25 bytes of a TCP header of 60 are there"
    assert decode(bytes(long)).payload == b""


def test_of_a_header_that_was_cut_off_is_told_what_is_there() -> None:
    """Ports after 4 bytes, the sequence number after 8."""
    whole = frame4(tcp(sequence=77))
    after = {size: decode(whole[: 14 + 20 + size]) for size in (3, 4, 8, 19)}
    assert [after[3].port, after[4].port, after[8].port] == [0, PORT, PORT]
    assert after[4].tcp is None
    assert after[8].tcp == after[19].tcp == Tcp(sequence=77, is_short=True)
    assert "8 bytes of a TCP header are there" in after[8].flaws
