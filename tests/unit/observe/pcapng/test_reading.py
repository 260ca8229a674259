"""Others' captures, and broken ones."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.pcapng import Capture, Frame, Interface, block, opening, read
from labctl.observe.pcapng.reading import MOST_PROBLEMS

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)
BEGAN_NS = 1_700_000_000_123_456_789
HOSTS = (Interface("cheerios", "a host"), Interface("froot"))
FRAMES = tuple(
    Frame(t_ns=BEGAN_NS + number, interface=number % 2, data=bytes([number]) * 61, length=61, comments=("a comment",))
    for number in range(4)
)
OPENING = opening(HOSTS, comment="captured before faults")
WHOLE = OPENING + b"".join(map(block, FRAMES))


def other(order: str, kind: int, body: bytes, *options: tuple[int, bytes]) -> bytes:
    """A block as others may write it."""
    for code, value in options:
        body += struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)
    if options:
        body += bytes(4)
    size = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + size + body + size


def section(order: str, *, version: int = 1) -> bytes:
    """A section."""
    return other(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, version, 0, -1))


def interface(order: str, *options: tuple[int, bytes], link_type: int = 1, snaplen: int = 0) -> bytes:
    """An interface."""
    return other(order, 1, struct.pack(f"{order}HHI", link_type, 0, snaplen), *options)


def packet(order: str, count: int, *options: tuple[int, bytes], data: bytes = b"abcd", number: int = 0) -> bytes:
    """A packet of an interface, whose clock has counted so far."""
    head = struct.pack(f"{order}IIIII", number, count >> 32, count & 0xFFFFFFFF, len(data), len(data))
    return other(order, 6, head + data + bytes(-len(data) % 4), *options)


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order_is_read(order: str) -> None:
    """A section says which one it has; flags and numbers of options follow it."""
    flags = (2, struct.pack(f"{order}I", 2))
    capture = read(section(order) + interface(order, (2, b"en0"), (9, b"\x09")) + packet(order, 5, flags, (1, b"so")))
    assert capture == Capture(
        interfaces=(Interface("en0"),),
        frames=(Frame(t_ns=5, interface=0, data=b"abcd", length=4, is_outbound=True, comments=("so",)),),
    )


@pytest.mark.parametrize(
    ("options", "count", "t_ns"),
    [
        ((), 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (((9, b"\x03"),), 1_700_000_000_123, 1_700_000_000_123_000_000),
        (((9, b"\x0c"),), 1_500_000_000_000_999, 1_500_000_000_000),
        (((9, b"\x80"),), 3, 3_000_000_000),
        (((9, b"\x8a"),), 1024 + 512, 1_500_000_000),
        (((14, struct.pack("<q", -2)),), 5_000_000, 3_000_000_000),
    ],
)
def test_every_clock_is_read(options: tuple[tuple[int, bytes], ...], count: int, t_ns: int) -> None:
    """Microseconds where nothing is said; powers of 10 and of 2; counted from another second."""
    (frame,) = read(section("<") + interface("<", *options) + packet("<", count)).frames
    assert frame.t_ns == t_ns


def test_each_section_has_interfaces_of_its_own() -> None:
    """Two files one after the other are one capture; even with another byte order."""
    one = section("<") + interface("<", (2, b"one")) + packet("<", 1)
    two = section(">") + interface(">", (2, b"two")) + packet(">", 2)
    capture = read(one + two)
    assert [each.name for each in capture.interfaces] == ["one", "two"]
    assert [(frame.interface, frame.t_ns) for frame in capture.frames] == [(0, 1000), (1, 2000)]
    assert capture.problems == ()


def test_what_is_not_known_is_passed_over() -> None:
    """Blocks with names, statistics or anything else, and options."""
    unknown = other("<", 0x0BAD, b"1234567812345678")
    capture = read(section("<") + interface("<", (2, b"a"), (77, b"xyz")) + unknown + packet("<", 1, (88, b"12345")))
    assert len(capture.frames) == 1
    assert capture.problems == ()


def test_the_smallest_blocks_are_read() -> None:
    """A packet of no bytes, and a block of nothing but its lengths at the end of the file."""
    old = other("<", 2, bytes(20))
    capture = read(section("<") + interface("<") + packet("<", 1, data=b"") + old + other("<", 0x0BAD, b""))
    assert capture.frames == tuple(Frame(t_ns=t_ns, interface=0, data=b"", length=0) for t_ns in (1000, 0))
    assert capture.problems == ()


def test_options_are_known_by_their_numbers() -> None:
    """Not by their place or their length."""
    options = ((1, b"\1\0\0\0"), (2, struct.pack("<I", 2)), (1, b"more"))
    (frame,) = read(section("<") + interface("<") + packet("<", 1, *options)).frames
    assert (frame.is_outbound, frame.comments) == (True, ("\1", "more"))


def test_older_kinds_of_packets_are_read() -> None:
    """A simple one has no time and as much as the interface keeps; one of the first version has a short number."""
    simple = other("<", 3, struct.pack("<I", 100) + b"abcdefgh")
    old = other("<", 2, struct.pack("<HHIIII", 0, 0xFFFF, 0, 7, 4, 9) + b"abcd", (2, struct.pack("<I", 1)))
    capture = read(section("<") + interface("<", (2, b"a"), snaplen=7) + simple + old)
    assert capture.frames == (
        Frame(t_ns=0, interface=0, data=b"abcdefg", length=100),
        Frame(t_ns=7000, interface=0, data=b"abcd", length=9),
    )
    assert capture.problems == ()


def test_other_links_than_ethernet_are_said() -> None:
    """Their frames stay in the capture, so that numbers are those that Wireshark shows."""
    capture = read(section("<") + interface("<", (2, b"any"), link_type=113) + packet("<", 1))
    assert capture.interfaces == (Interface("any", link_type=113),)
    assert len(capture.frames) == 1
    assert capture.problems == ('interface "any" is no Ethernet (link type 113): its packets are read as if it were',)


def test_a_packet_of_no_interface_is_lost_and_said() -> None:
    """Nobody knows where it was, nor how its time is counted."""
    capture = read(section("<") + interface("<") + packet("<", 1, number=3) + packet("<", 2))
    assert [frame.t_ns for frame in capture.frames] == [2000]
    (problem,) = capture.problems
    assert "interface 3, which the file says nothing about" in problem


def test_another_version_is_read_as_well_as_can_be() -> None:
    """And it is said."""
    capture = read(section("<", version=2) + interface("<") + packet("<", 1))
    assert len(capture.frames) == 1
    assert "another version" in capture.problems[0]


@pytest.mark.parametrize(
    ("short", "problem"),
    [
        (other("<", 6, bytes(16)), "the packet at byte 48 is too short to be one"),
        (other("<", 2, bytes(16)), "the packet at byte 48 is too short to be one"),
        (other("<", 3, b""), "the packet at byte 48 is too short to be one"),
        (other("<", 1, bytes(4)), "the interface at byte 48 is too short to say what it is"),
        (
            other("<", 0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D)),
            "the section at byte 48 is too short to say what it is",
        ),
        (
            other("<", 6, struct.pack("<IIIII", 0, 0, 1, 9, 9) + b"abcd"),
            "a packet at byte 76 has 4 bytes where it should have 9",
        ),
        (packet("<", 1)[:-4] + b"\1\0\4\0" + packet("<", 1)[-4:], "no block"),
        (other("<", 6, packet("<", 1)[8:-4] + b"\1\0\5\0abcd"), "an option at byte 80 is longer than its block"),
    ],
)
def test_a_block_that_is_too_short_is_said(short: bytes, problem: str) -> None:
    """What follows it is read."""
    capture = read(section("<") + interface("<") + short + packet("<", 7))
    assert capture.frames[-1].t_ns == 7000
    assert problem in capture.problems[0]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xd4\xc3\xb2\xa1" + bytes(40), b"<html>" * 100])
def test_what_is_no_capture_is_said(data: bytes) -> None:
    """A file of another kind has nothing in it."""
    capture = read(data)
    assert capture.frames == ()
    assert "no pcapng file" in capture.problems[0] or "empty" in capture.problems[0]


@SAME_EVERYWHERE
@given(some.integers(0, len(WHOLE)))
def test_a_capture_that_was_cut_gives_all_before_the_cut(cut: int) -> None:
    """Every packet whose last byte is there; and it is said, unless it was cut between two blocks."""
    capture = read(WHOLE[:cut])
    ends = [len(OPENING) + (number + 1) * len(block(FRAMES[0])) for number in range(len(FRAMES))]
    assert capture.frames == FRAMES[: sum(end <= cut for end in ends)]
    if cut > len(OPENING):
        is_between = cut in (len(OPENING), *ends)
        assert bool(capture.problems) != is_between


def test_where_it_was_cut_is_said() -> None:
    """Whoever asks for a packet that isn't there learns why."""
    (problem,) = read(WHOLE[:-10]).problems
    begins = len(WHOLE) - len(block(FRAMES[3]))
    assert (
        problem
        == f"the file ends inside a block: the last {len(WHOLE) - 10 - begins} bytes, from byte {begins} on, are lost"
    )


@SAME_EVERYWHERE
@given(some.binary(min_size=1, max_size=50), some.integers(0, len(FRAMES)))
def test_garbage_between_blocks_costs_no_packet(garbage: bytes, place: int) -> None:
    """What follows is found again, and what was passed over is said."""
    pieces = [OPENING, *map(block, FRAMES)]
    pieces.insert(place + 1, garbage)
    capture = read(b"".join(pieces))
    assert capture.frames == FRAMES
    assert capture.problems


@pytest.mark.parametrize("place", [4, 7, -4])
def test_a_damaged_length_costs_one_packet(place: int) -> None:
    """At either end of its block, and even if it reaches beyond the file: the packets after it are found again."""
    pieces = [bytearray(block(frame)) for frame in FRAMES]
    pieces[1][place] ^= 0x40
    capture = read(OPENING + b"".join(pieces))
    at = len(OPENING) + len(pieces[0])
    assert capture.frames == (FRAMES[0], *FRAMES[2:])
    assert capture.problems == (f"{len(pieces[1])} bytes from byte {at} on are no block, and were passed over",)


def test_a_damaged_length_at_the_very_end_is_no_cut() -> None:
    """All bytes of the last block are there."""
    (problem,) = read(WHOLE[:-4] + b"\0\0\0\0").problems
    assert problem.endswith("are no block, and were passed over")


def test_where_an_interface_may_have_been_lost_it_is_said() -> None:
    """Then hosts have the wrong numbers."""
    damaged = bytearray(WHOLE)
    damaged[len(opening([], comment="captured before faults")) + 4] ^= 0x40
    assert "packets are shown at the wrong one" in read(bytes(damaged)).problems[0]


def test_a_damaged_beginning_costs_no_packet() -> None:
    """Without a section the byte order is taken to be ours."""
    capture = read(b"\0" + WHOLE[1:])
    assert capture.frames == FRAMES
    assert capture.interfaces == HOSTS
    assert capture.problems[0].startswith("no pcapng file begins with")


def test_no_more_than_so_many_problems_are_said() -> None:
    """A capture that is broken all over says how many more there are."""
    lost = b"".join(packet("<", 1, number=9) for _ in range(MOST_PROBLEMS + 5))
    problems = read(section("<") + lost).problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1] == "5 more problems in this capture"


@SAME_EVERYWHERE
@given(some.lists(some.tuples(some.integers(0, len(WHOLE) - 1), some.integers(0, 255)), max_size=12), some.booleans())
def test_no_damage_is_too_much(changes: list[tuple[int, int]], is_big: bool) -> None:
    """Whatever bytes are turned, reading ends, every frame has an interface, and no more than the file's bytes."""
    whole = bytearray(section(">") + interface(">") + packet(">", 1) * 5 if is_big else WHOLE)
    for at, value in changes:
        whole[at % len(whole)] = value
    capture = read(bytes(whole))
    assert all(0 <= frame.interface < len(capture.interfaces) for frame in capture.frames)
    assert sum(len(frame.data) for frame in capture.frames) <= len(whole)


@SAME_EVERYWHERE
@given(some.binary(max_size=300), some.booleans())
def test_no_bytes_are_too_broken(rest: bytes, is_begun: bool) -> None:
    """After a good beginning or from the first byte on."""
    capture = read((section("<") + interface("<") if is_begun else b"") + rest)
    assert len(capture.frames) <= len(rest) // 12
