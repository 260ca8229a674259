"""A capture comes back as it was written."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.pcapng import Frame, Interface, block, interface_block, opening, read
from labctl.observe.pcapng.writing import SNAPLEN

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)
BEGAN_NS = 1_700_000_000_123_456_789

texts = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
interfaces = some.builds(Interface, name=texts, description=texts)
frames = some.builds(
    Frame,
    t_ns=some.integers(0, 2**64 - 1),
    interface=some.integers(0, 2),
    data=some.binary(max_size=80),
    length=some.integers(0, 2**32 - 1),
    is_outbound=some.booleans(),
    comments=some.lists(texts, max_size=3).map(tuple),
)


@SAME_EVERYWHERE
@given(some.lists(interfaces, min_size=3, max_size=3), some.lists(frames, max_size=5), texts)
def test_what_was_written_is_read(hosts: list[Interface], sent: list[Frame], comment: str) -> None:
    """Interfaces, frames and comments, to the nanosecond and the byte, and nothing to complain of."""
    capture = read(opening(hosts, comment=comment, application="labctl") + b"".join(map(block, sent)))
    assert capture.interfaces == tuple(hosts)
    assert capture.frames == tuple(sent)
    assert capture.comments == ((comment,) if comment else ())
    assert capture.problems == ()


def test_an_interface_may_come_late() -> None:
    """It has the next number: a loopback is known when something travels over it."""
    early = Frame(t_ns=BEGAN_NS, interface=0, data=b"a", length=1)
    late = Frame(t_ns=BEGAN_NS + 1, interface=1, data=b"b", length=1)
    lo = Interface("froot (loopback)")
    capture = read(opening([Interface("froot")]) + block(early) + interface_block(lo) + block(late))
    assert capture.interfaces == (Interface("froot"), lo)
    assert capture.frames == (early, late)
    assert capture.problems == ()


def test_every_block_is_whole_words_between_two_lengths() -> None:
    """Pieces can be written one after another, whatever was written before."""
    data = block(Frame(t_ns=1, interface=0, data=b"abc", length=3, comments=("a",)))
    (size,) = struct.unpack_from("<I", data, 4)
    assert size == len(data) == struct.unpack("<I", data[-4:])[0]
    assert len(data) % 4 == 0


def test_a_comment_that_is_too_long_is_cut_between_characters() -> None:
    """An option holds 65535 bytes."""
    long = Frame(t_ns=1, interface=0, data=b"", length=0, comments=("é" * 40_000,))
    (frame,) = read(opening([Interface("froot")]) + block(long)).frames
    assert frame.comments == ("é" * 32_767,)


def test_bytes_in_a_name_that_are_no_text_are_written_as_escapes() -> None:
    """What a system gave as a name may hold them."""
    (interface,) = read(opening([Interface("eth\udcff")])).interfaces
    assert interface.name == "eth\\udcff"


def test_a_frame_that_is_too_long_is_cut() -> None:
    """Its length on the wire is kept."""
    (frame,) = read(
        opening([Interface("a")]) + block(Frame(t_ns=1, interface=0, data=bytes(300_000), length=300_000))
    ).frames
    assert (len(frame.data), frame.length) == (SNAPLEN, 300_000)
