"""What a segment is within its connection. Beside this, the same conversations are held against what tshark says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.network.segments import NOTHING, Remarks, remarks
from labctl.observe.packet import decode
from labctl.observe.packet.model import ACK, FIN, ICMP, RST, SYN, TCP, UDP
from tests.unit.observe.network.conversations import conversations
from tests.unit.observe.packets import USUAL_SYN, Talk, frame4, icmp, ip4, pieces4, tcp, udp

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)


def remarked(talk: Talk | list[bytes]) -> tuple[Remarks, ...]:
    """What is to be said of a conversation."""
    return remarks([decode(frame) for frame in (talk if isinstance(talk, list) else talk.frames)])


def notes(talk: Talk | list[bytes]) -> list[str]:
    """The notes on its last segment."""
    return list(remarked(talk)[-1].notes)


def test_a_conversation_without_trouble_has_no_notes() -> None:
    """From its SYN to the last ACK; numbers count from 0 for each SYN."""
    found = remarked(conversations()["closed by both"])
    assert [one.sequence for one in found] == [0, 0, 1, 1, 1, 1, 7, 7, 7, 8]
    assert [one.acknowledgement for one in found] == [None, 1, 1, 1, 7, 7, 7, 7, 8, 8]
    assert [one.is_from_client for one in found] == [True, False, True, True, False, False, True, True, False, True]
    assert [one.is_first for one in found] == [True] + [False] * 9
    assert {one.connection for one in found} == {0}
    assert {one.notes for one in found} == {()}


def test_a_payload_has_its_place_in_the_stream() -> None:
    """From 0, whatever the numbers are: so a write can be tied to the segments that carried it."""
    found = remarked(Talk(client_isn=0xFFFFFFFE).opened().client(b"abc").client(b"defg").server(b"x").client(b"h"))
    assert [(one.stream_offset, one.length) for one in found[3:]] == [(0, 3), (3, 4), (0, 1), (7, 1)]
    assert [one.stream_offset for one in found[:3]] == [None, None, None]


def test_what_a_syn_carries_comes_first_in_the_stream() -> None:
    """TCP Fast Open (RFC 7413)."""
    talk = Talk().client(b"abc", flags=SYN).server(flags=SYN | ACK).client(b"de")
    assert [one.stream_offset for one in remarked(talk)] == [0, None, 3]


def test_numbers_go_on_where_32_bits_end() -> None:
    """A stream may be longer than 4 GiB, and its numbers wrap around (RFC 9293, 3.4)."""
    step = 0x60000000
    talk = Talk(client_isn=5).opened()
    talk.client(b"a", sequence=step).client(b"b", sequence=2 * step).client(b"c", sequence=3 * step)
    assert [one.sequence for one in remarked(talk)[3:]] == [step, 2 * step, 3 * step]
    assert 3 * step > 0xFFFFFFFF


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("SYN repeated", ["retransmission"]),
        ("FIN repeated", []),
        ("one byte repeated", []),
        ("data repeated with more", ["retransmission"]),
        ("refused", []),
    ],
)
def test_conversations_end_as_they_should(name: str, last: list[str]) -> None:
    """The answer to a repetition is an ordinary one."""
    assert notes(conversations()[name]) == last


def test_only_what_was_sent_before_is_a_retransmission() -> None:
    """A part of it suffices; what fills a gap is out of order, and what follows it ordinary."""
    gap = Talk().opened().client(b"45", sequence=4)
    assert notes(gap) == ["previous segment not seen"]
    assert notes(gap.client(b"12", sequence=1)) == ["out of order"]
    assert notes(gap.client(b"23", sequence=2)) == ["retransmission"]
    assert notes(gap.client(b"3", sequence=3)) == ["retransmission"]
    assert notes(gap.client(b"6")) == []


def test_a_retransmission_of_what_is_known_to_have_come_says_so() -> None:
    """The acknowledgement had been sent; perhaps it was lost."""
    talk = Talk().opened().client(b"hello").server()
    assert notes(talk.client(b"hello", sequence=1)) == ["retransmission", "already acknowledged"]


def test_a_last_byte_that_is_sent_again_is_a_retransmission() -> None:
    """Only a zero that was acknowledged is a keep-alive."""
    for payload in (b"x", b"\0"):
        talk = Talk().opened().client(payload)
        assert notes(talk.client(payload, sequence=1)) == ["retransmission"]
    talk = Talk().opened().client(b"\0").server()
    assert notes(talk.client(b"\0", sequence=1)) == ["keep-alive"]
    assert remarked(talk)[-1].stream_offset is None
    assert notes(talk.server()) == ["keep-alive ACK"]


def test_the_same_acknowledgement_with_another_window_is_an_update() -> None:
    """With the same window it is a duplicate, and with SACK blocks in any case."""
    talk = Talk().opened().client(b"hello").server()
    assert notes(talk.server()) == ["duplicate ACK"]
    assert notes(talk.server(window=9)) == ["window update"]
    assert notes(talk.server(window=10, options=bytes.fromhex("0101050a0000000100000002"))) == ["duplicate ACK"]
    assert notes(talk.server(b"data", window=10)) == []


def test_the_window_of_a_syn_is_compared_in_bytes() -> None:
    """It has no scale: 65160 there is 509 of 128 bytes later."""
    assert notes(Talk().opened().server(window=509)) == ["duplicate ACK"]
    assert notes(Talk().opened().server(window=502)) == ["window update"]


def test_windows_are_in_bytes_where_both_syns_were_seen() -> None:
    """Scaled if both offer it, and unknown if one was not seen."""
    assert [one.window for one in remarked(Talk().opened())] == [64240, 65160, 502 * 128]
    assert [one.window for one in remarked(Talk().opened(scale=False))] == [64240, 65160, 502]
    half = Talk().client(flags=SYN, options=USUAL_SYN).server(flags=SYN | ACK).client()
    assert [one.window for one in remarked(half)] == [502, 502, 502]
    assert [one.window for one in remarked(Talk().client(b"middle"))] == [None]
    huge = USUAL_SYN[:-1] + b"\xff"
    talk = Talk().client(flags=SYN, options=huge).server(flags=SYN | ACK, options=huge).client(window=1)
    assert remarked(talk)[-1].window == 1 << 14


def test_a_window_is_called_full_only_where_that_is_certain() -> None:
    """Its scale is known, and the segment ends with it."""
    assert notes(Talk().opened().server(window=1).client(bytes(128))) == ["window full"]
    assert notes(Talk().opened().server(window=1).client(bytes(127))) == []
    assert notes(Talk().server(window=1, sequence=7, acknowledges=5).client(b"x", sequence=5)) == []


def test_who_asks_at_a_closed_window_probes() -> None:
    """It looks like a keep-alive."""
    talk = Talk().opened().client(b"hello").server(window=0)
    assert notes(talk) == ["zero window"]
    assert notes(talk.client(sequence=5)) == ["zero window probe"]
    assert notes(talk.server(window=0)) == ["zero window"]
    assert notes(talk.server(window=5)) == ["window update"]


def test_the_same_ports_begin_anew_with_another_syn() -> None:
    """After both have closed, after a reset, or when the first SYN led nowhere."""
    for name in ("closed by both", "refused", "SYN repeated"):
        first = conversations()[name]
        moved = Talk(client_isn=77, server_isn=99, client_port=decode(first[0]).source_port).opened().frames
        found = remarked(first + moved)[len(first) :]
        assert {one.connection for one in found} == {1}, name
        assert [one.is_first for one in found] == [True, False, False], name
        assert [one.sequence for one in found] == [0, 0, 1], name


def test_a_syn_that_was_on_its_way_belongs_to_what_it_began() -> None:
    """The same number is the same connection, even after a reset."""
    talk = Talk().client(flags=SYN).server(flags=RST | ACK, sequence=-0xFFFFFFF0).client(flags=SYN, sequence=0)
    found = remarked(talk)
    assert {one.connection for one in found} == {0}
    assert found[-1].notes == ("retransmission",)


def test_an_answer_that_was_on_its_way_belongs_to_what_it_answers() -> None:
    """The client has given up meanwhile."""
    talk = Talk().client(flags=SYN).client(flags=RST).server(flags=SYN | ACK)
    assert [one.connection for one in remarked(talk)] == [0, 0, 0]


def test_a_server_that_answers_anew_is_of_the_same_connection() -> None:
    """It has forgotten the SYN, and has another number now."""
    first = Talk().client(flags=SYN).server(flags=SYN | ACK).client(flags=SYN, sequence=0).frames
    anew = Talk(server_isn=99).client(flags=SYN).server(flags=SYN | ACK).client(b"hello").frames[1:]
    found = remarked(first + anew)
    assert {one.connection for one in found} == {0}
    assert [(one.sequence, one.acknowledgement) for one in found[3:]] == [(0, 1), (1, 1)]
    assert found[3].notes == ()


def test_an_answer_after_the_end_is_of_a_new_connection() -> None:
    """Its SYN was not seen."""
    first = conversations()["closed by both"]
    late = Talk(server_isn=99, client_port=decode(first[0]).source_port).server(flags=SYN | ACK, acknowledges=1)
    assert remarked(first + late.frames)[-1].connection == 1


def test_the_roles_may_be_swapped() -> None:
    """A new connection from the server's port to the client's, when the first is over."""
    first = Talk().client(flags=SYN).server(flags=RST | ACK, sequence=-0xFFFFFFF0).frames
    swapped = Talk(server_isn=99).server(flags=SYN).client(flags=SYN | ACK).frames
    found = remarked(first + swapped)
    assert [one.connection for one in found] == [0, 0, 1, 1]
    assert [one.is_from_client for one in found] == [True, False, True, False]


def test_both_may_open_at_once() -> None:
    """It is one connection (RFC 9293, 3.5)."""
    talk = Talk().client(flags=SYN).server(flags=SYN).client(flags=SYN | ACK, sequence=0)
    assert {one.connection for one in remarked(talk)} == {0}


def test_who_answers_a_syn_that_was_not_seen_is_the_server() -> None:
    """Whoever sends first otherwise is taken for the client."""
    found = remarked(Talk().server(flags=SYN | ACK, acknowledges=1).client(sequence=1))
    assert [one.is_from_client for one in found] == [False, True]


def test_a_connection_known_from_its_middle_on_counts_from_there() -> None:
    """The first byte that is seen is the first of the stream."""
    found = remarked(conversations()["known from its middle on"])
    assert [(one.sequence, one.acknowledgement, one.stream_offset) for one in found] == [(1, 1, 0), (1, 7, 0)]
    late = Talk().client(b"hello", sequence=500, acknowledges=900).server(b"x", sequence=950)
    assert (notes(late), remarked(late)[-1].sequence) == ([], 51)


def test_networks_are_told_apart() -> None:
    """The loopbacks of two hosts have the same addresses."""
    packets = [decode(frame) for frame in Talk().opened().frames]
    found = remarks(packets * 2, ["froot"] * 3 + ["cheerios"] * 3)
    assert [one.connection for one in found] == [0, 0, 0, 1, 1, 1]
    assert {one.notes for one in found} == {()}


def test_a_socket_may_be_connected_to_itself() -> None:
    """Both ends are one: there is nothing to tell them apart by, and nothing breaks."""
    frames = [
        frame4(tcp(flags=flags, ports=(9, 9)), TCP, source="10.0.0.1", to="10.0.0.1") for flags in (SYN, ACK, FIN)
    ]
    assert [one.connection for one in remarked(frames)] == [0, 0, 0]


def test_there_is_nothing_to_say_of_what_is_no_segment() -> None:
    """Datagrams, messages, and headers that were cut off."""
    assert remarked([frame4(udp(), UDP), frame4(icmp(8), ICMP), frame4(tcp())[:45]]) == (NOTHING,) * 3


def test_a_segment_in_fragments_is_told_by_the_one_that_makes_it_whole() -> None:
    """The others are only fragments."""
    whole = ip4(tcp(bytes(2000), sequence=1001))[20:]
    found = remarked([*Talk().opened().frames, *pieces4(whole, TCP)])
    assert [one.connection for one in found[3:]] == [None, 0]
    assert (found[4].sequence, found[4].length, found[4].stream_offset) == (1, 2000, 0)
    assert [one.number for one in found[3:]] == [1, 2]


SENDS = some.tuples(
    some.booleans(),
    some.sampled_from([0, ACK, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, SYN | FIN]),
    some.integers(-3, 12),
    some.integers(-3, 12),
    some.binary(max_size=3),
    some.sampled_from([0, 1, 502]),
)


@SAME_EVERYWHERE
@given(some.lists(SENDS, max_size=15))
def test_no_conversation_is_too_strange(sends: list[tuple[bool, int, int, int, bytes, int]]) -> None:
    """Whatever is sent: each has its remarks, and a connection begins with the first packet of its number."""
    talk = Talk()
    for is_client, flags, sequence, acknowledges, payload, window in sends:
        send = talk.client if is_client else talk.server
        send(payload, flags=flags, sequence=sequence, acknowledges=acknowledges, window=window)
    found = remarked(talk)
    numbers = [one.connection for one in found if one.connection is not None]
    assert len(found) == len(sends) == len(numbers)
    assert numbers == sorted(numbers)
    assert [one.is_first for one in found] == [number not in numbers[:at] for at, number in enumerate(numbers)]
