"""Frames come out as they went in, in whatever pieces they travel."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.agent.frames import MAX_BODY, MAX_HEADER, BadFrame, Decoder, Header, encode

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
frames = st.lists(st.tuples(st.dictionaries(st.text(), json_values, max_size=4), st.binary(max_size=200)), max_size=5)


@given(frames, st.lists(st.integers(min_value=1, max_value=50), min_size=1))
def test_frames_survive_any_cut(sent: list[tuple[Header, bytes]], sizes: list[int]) -> None:
    """However the bytes are cut into pieces, the same frames come out in the same order."""
    data = b"".join(encode(header, body) for header, body in sent)
    decoder, received, turn = Decoder(), [], 0
    while data:
        size = sizes[turn % len(sizes)]
        received += decoder.feed(data[:size])
        data, turn = data[size:], turn + 1
    assert received == sent


def test_a_frame_comes_with_its_last_byte() -> None:
    """Nothing is handed over before it is whole, and nothing is held back once it is."""
    data = encode({"do": "start"}, b"body")
    decoder = Decoder()
    assert decoder.feed(data[:-1]) == []
    assert decoder.feed(data[-1:]) == [({"do": "start"}, b"body")]


def test_several_frames_may_come_in_one_piece() -> None:
    """A piece may hold the end of one frame, a whole one and the beginning of a third."""
    one, two, three = (encode({"id": number}) for number in (1, 2, 3))
    decoder = Decoder()
    decoder.feed(one[:3])
    assert decoder.feed(one[3:] + two + three[:5]) == [({"id": 1}, b""), ({"id": 2}, b"")]
    assert decoder.feed(three[5:]) == [({"id": 3}, b"")]


@pytest.mark.parametrize("lengths", [(MAX_HEADER + 1, 0), (2, MAX_BODY + 1), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_lengths_that_no_frame_has_are_refused_at_once(lengths: tuple[int, int]) -> None:
    """A stream that isn't ours is told by its first lengths, not by waiting for gigabytes."""
    with pytest.raises(BadFrame, match="lengths"):
        Decoder().feed(struct.pack("!II", *lengths))


def test_a_header_that_is_no_json_is_refused() -> None:
    """A broken header is an error, not an empty frame."""
    with pytest.raises(BadFrame, match="JSON"):
        Decoder().feed(struct.pack("!II", 3, 0) + b"{x}")


def test_the_largest_body_goes_through() -> None:
    """A body may be as large as the limit says."""
    body = bytes(MAX_BODY)
    assert Decoder().feed(encode({}, body)) == [({}, body)]


def test_a_frame_is_two_lengths_a_header_and_a_body() -> None:
    """The form on the wire is the documented one: other versions of the agent speak it, too."""
    assert encode({"a": 1}, b"xy") == b'\0\0\0\x07\0\0\0\x02{"a":1}xy'
