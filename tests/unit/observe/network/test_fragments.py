"""Fragments find each other, as far as they came."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.network.fragments import Datagram, datagrams
from labctl.observe.packet import decode
from labctl.observe.packet.model import ICMP, UDP
from tests.unit.observe.packets import PORT, frame4, icmp, pieces4, pieces6, udp

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)
BODY = udp(random.Random(1).randbytes(5000))
INNER = bytes([UDP, 0, 1, 4, 0, 0, 0, 0])
SHAPES = [pieces4(BODY), pieces6(BODY), pieces6(BODY, inner=INNER, id=8)]


def put_together(frames: list[bytes]) -> tuple[Datagram, ...]:
    """What is made of these frames."""
    return datagrams([decode(frame) for frame in frames])


@pytest.mark.parametrize("frames", SHAPES)
def test_all_fragments_make_the_datagram(frames: list[bytes]) -> None:
    """With its ports and its payload; other packets in between are none of it."""
    (datagram,) = put_together([frame4(udp(), UDP), *frames])
    assert (datagram.packets, datagram.numbers) == ((1, 2, 3, 4), (1, 2, 3, 4))
    assert (datagram.length, datagram.missing) == (5000, ())
    assert datagram.whole is not None
    assert (datagram.whole.kind, datagram.whole.port, datagram.whole.fragment) == ("udp", PORT, None)
    assert (datagram.whole.payload, datagram.whole.flaws) == (BODY[8:], ())


@pytest.mark.parametrize("frames", SHAPES)
def test_their_order_does_not_matter(frames: list[bytes]) -> None:
    """Each says where it belongs."""
    (datagram,) = put_together(frames[::-1])
    assert datagram.numbers == (4, 3, 2, 1)
    assert datagram.whole is not None
    assert datagram.whole.payload == BODY[8:]


@pytest.mark.parametrize(
    ("lost", "numbers", "length", "missing"),
    [
        (0, (2, 3, 4), 5000, ((0, 1480),)),
        (1, (1, 3, 4), 5000, ((1480, 2960),)),
        (3, (1, 2, 3), 5000, ((4440, None),)),
    ],
)
def test_what_never_came_is_told(
    lost: int, numbers: tuple[int, ...], length: int, missing: tuple[tuple[int, int | None], ...]
) -> None:
    """The length is known from the last fragment, and from the first by UDP's own header."""
    frames = pieces4(BODY)
    del frames[lost]
    (datagram,) = put_together(frames)
    assert (datagram.numbers, datagram.length, datagram.missing) == (numbers, length, missing)
    assert datagram.whole is None


def test_without_the_first_and_the_last_the_length_is_not_known() -> None:
    """Nothing says it."""
    (datagram,) = put_together(pieces4(BODY)[1:3])
    assert (datagram.length, datagram.missing) == (None, ((0, 1480), (4440, None)))
    (datagram,) = put_together(pieces4(icmp(8, body=bytes(3000)), ICMP)[:1])
    assert datagram.length is None


def test_of_the_last_alone_it_cannot_be_told_which_it_is() -> None:
    """How long the others are is not known."""
    (datagram,) = put_together(pieces4(BODY)[3:])
    assert (datagram.numbers, datagram.length) == ((0,), 5000)


def test_datagrams_are_told_apart() -> None:
    """By their numbers, also where their fragments come in turns."""
    one, two = pieces4(BODY, id=1), pieces4(udp(bytes(5000)), id=2)
    found = put_together([frame for pair in zip(one, two, strict=True) for frame in pair])
    assert [datagram.packets for datagram in found] == [(0, 2, 4, 6), (1, 3, 5, 7)]
    assert [datagram.whole is not None and datagram.whole.payload for datagram in found] == [BODY[8:], bytes(5000)]


def test_a_number_is_used_again() -> None:
    """After the datagram is whole, or by fragments that can't belong to it."""
    found = put_together(pieces4(BODY) * 2)
    assert [datagram.packets for datagram in found] == [(0, 1, 2, 3), (4, 5, 6, 7)]
    found = put_together(pieces4(BODY)[:2] + pieces4(udp(bytes(5000))))
    assert [datagram.packets for datagram in found] == [(0, 1), (2, 3, 4, 5)]
    assert found[1].whole is not None
    found = put_together(pieces4(udp(bytes(2000)))[1:] + pieces4(BODY)[2:])
    assert [datagram.packets for datagram in found] == [(0,), (1, 2)]


def test_a_copy_belongs_to_the_same_datagram() -> None:
    """It has the same number."""
    frames = pieces4(BODY)
    (datagram,) = put_together([frames[0], frames[1], frames[1], *frames[2:]])
    assert datagram.numbers == (1, 2, 2, 3, 4)
    assert datagram.whole is not None


def test_networks_are_told_apart() -> None:
    """The loopbacks of two hosts have the same addresses."""
    packets = [decode(frame) for frame in pieces4(BODY)]
    found = datagrams(packets, ["froot", "froot", "cheerios", "cheerios"])
    assert [datagram.packets for datagram in found] == [(0, 1), (2, 3)]


@SAME_EVERYWHERE
@given(some.lists(some.sampled_from([frame for frames in SHAPES for frame in frames]), max_size=20))
def test_any_sequence_has_an_answer(frames: list[bytes]) -> None:
    """Each fragment belongs to one datagram, and what is whole is right."""
    found = put_together(frames)
    assert sorted(place for datagram in found for place in datagram.packets) == list(range(len(frames)))
    assert all(datagram.whole.payload == BODY[8:] for datagram in found if datagram.whole is not None)
    assert all((datagram.whole is None) == bool(datagram.missing) for datagram in found)


@SAME_EVERYWHERE
@given(some.lists(some.tuples(some.integers(0, 40), some.integers(0, 24), some.booleans()), max_size=15))
def test_fragments_may_overlap_in_any_way(pieces: list[tuple[int, int, bool]]) -> None:
    """Nobody honest sends such (RFC 5722); nothing raises, and none is left out."""
    frames = [frame4(bytes(size), UDP, fragment=at | (0x2000 if more else 0)) for at, size, more in pieces]
    packets = [decode(frame) for frame in frames]
    places = [place for place, packet in enumerate(packets) if packet.fragment is not None]
    assert sorted(place for datagram in datagrams(packets) for place in datagram.packets) == places
