"""What passed a link is judged by when it left, whatever became of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.check.passages import MOST_SHOWN, Passage, judged_order, passages
from labctl.observe.story import Arrival, Fate, Kind, PacketSeen
from labctl.scenario.model import Only, Passing

CLIENT, CHEERIOS = frozenset({"client"}), frozenset({"cheerios"})
LANES = ("client", "cheerios", "other")
HANDSHAKE = (Passing(True, "SYN"), Passing(False, "SYN-ACK"), Passing(True, "ACK"))


def packet(
    sender: str,
    receiver: str,
    *passes: str,
    left_ns: int | None = 0,
    came_ns: int = 1,
    fate: Fate = "arrived",
    kind: Kind = "tcp",
    ports: tuple[int, ...] = (40112, 51717),
) -> PacketSeen:
    """A packet from one host to another. `vanished`: it came nowhere."""
    arrival = Arrival(lane=LANES.index(receiver), came_ns=came_ns, at_ns=came_ns, fate=fate)
    return PacketSeen(
        lane=LANES.index(sender),
        left_ns=left_ns,
        arrivals=() if fate == "vanished" else (arrival,),
        kind=kind,
        words=" ".join(passes),
        detail="",
        to=receiver,
        ports=ports,
        passes=passes,
    )


def hosts_of(packet: PacketSeen) -> tuple[str, tuple[str, ...]]:
    return LANES[packet.lane], (packet.to,)


def passed(
    *packets: PacketSeen,
    ends: tuple[frozenset[str], frozenset[str]] = (CLIENT, CHEERIOS),
    only: Only | None = None,
    since_ns: int | None = None,
) -> list[str]:
    """What passed, as a complaint would spell it."""
    found = passages(packets, ends, hosts_of, only=only, since_ns=since_ns)
    return [f"{'->' * one.forward}{'<-' * one.back} {one.word}" for one in found]


def there(*words: str) -> list[Passage]:
    return [Passage(word, forward=True, back=False) for word in words]


def back(*words: str) -> list[Passage]:
    return [Passage(word, forward=False, back=True) for word in words]


def test_a_packet_goes_from_the_first_end_to_the_second_or_back() -> None:
    call, answer = packet("client", "cheerios", "SYN"), packet("cheerios", "client", "SYN-ACK", left_ns=1)

    assert passed(call, answer) == ["-> SYN", "<- SYN-ACK"]
    assert passed(call, answer, ends=(CHEERIOS, CLIENT)) == ["<- SYN", "-> SYN-ACK"]


def test_packets_count_by_when_they_left() -> None:
    """One that is held back for long left first all the same; one that was only seen to arrive counts by that."""
    late = packet("client", "cheerios", "DATA", left_ns=1, came_ns=900)
    unseen = packet("cheerios", "client", "RST", left_ns=None, came_ns=5)
    last = packet("client", "cheerios", "FIN", left_ns=7)

    assert passed(last, unseen, late) == ["-> DATA", "<- RST", "-> FIN"]


@pytest.mark.parametrize("fate", ["lost", "refused", "vanished", "damaged", "late"])
def test_a_packet_was_on_the_link_whatever_became_of_it(fate: Fate) -> None:
    assert passed(packet("client", "cheerios", "SYN", fate=fate)) == ["-> SYN"]


def test_packets_between_others_did_not_pass_the_link() -> None:
    assert passed(packet("client", "other", "SYN"), packet("other", "cheerios", "SYN")) == []
    assert passed(packet("client", "client", "SYN")) == []


def test_an_end_may_be_several_hosts() -> None:
    """A packet among hosts that both ends have goes there and back."""
    anybody = frozenset(LANES)
    packets = packet("other", "cheerios", "SYN"), packet("cheerios", "client", "RST", left_ns=1)

    assert passed(*packets, ends=(anybody, CHEERIOS)) == ["-> SYN", "<- RST"]
    assert passed(*packets, ends=(anybody, anybody)) == ["-><- SYN", "-><- RST"]
    assert passed(packet("client", "client", "SYN"), ends=(anybody, CLIENT)) == []


def test_only_packets_of_a_kind_may_be_looked_at() -> None:
    packets = (
        packet("client", "cheerios", "SYN"),
        packet("client", "cheerios", "SYN", ports=(40112, 7)),
        packet("cheerios", "client", "RST", ports=(51717, 40112)),
        packet("client", "cheerios", "DATAGRAM", kind="udp"),
        packet("cheerios", "client", "PORT-UNREACHABLE", kind="icmp", ports=()),
    )

    assert passed(*packets, only=Only("tcp")) == ["-> SYN", "-> SYN", "<- RST"]
    assert passed(*packets, only=Only("tcp", 51717)) == ["-> SYN", "<- RST"]
    assert passed(*packets, only=Only("udp", 51717)) == ["-> DATAGRAM"]
    assert passed(*packets, only=Only("icmp")) == ["<- PORT-UNREACHABLE"]
    assert len(passed(*packets)) == 5


def test_what_left_before_may_be_left_out() -> None:
    assert passed(
        packet("client", "cheerios", "SYN", left_ns=4), packet("client", "cheerios", "ACK", left_ns=5), since_ns=5
    ) == ["-> ACK"]


def test_a_segment_with_the_last_bytes_is_data_and_then_an_end() -> None:
    last = passages([packet("client", "cheerios", "DATA", "FIN")], (CLIENT, CHEERIOS), hosts_of)

    assert judged_order([Passing(True, "DATA"), Passing(True, "FIN")], last) == []
    assert judged_order([Passing(True, "FIN"), Passing(True, "DATA")], last) != []


def test_what_has_no_word_passes_unseen() -> None:
    assert passed(packet("client", "cheerios", kind="arp")) == []


def test_packets_pass_in_their_order_with_gaps_between() -> None:
    walk = [*there("SYN"), *back("SYN-ACK"), *there("ACK", "DATA"), *back("ACK", "DATA", "FIN"), *there("FIN")]

    assert judged_order(HANDSHAKE, walk) == []
    assert judged_order([Passing(True, "SYN"), Passing(False, "FIN"), Passing(True, "FIN")], walk) == []
    assert judged_order([], walk) == []


def test_what_is_missing_is_said_with_what_passed_from_there_on() -> None:
    assert judged_order(HANDSHAKE, [*there("SYN", "SYN", "SYN"), *back("RST")]) == [
        "order: expected <- SYN-ACK after -> SYN, and it never passed; what passed then: -> SYN 2 times, <- RST"
    ]
    assert judged_order(HANDSHAKE, back("RST")) == [
        "order: expected -> SYN, and it never passed; what passed is: <- RST"
    ]
    assert judged_order(HANDSHAKE, []) == ["order: expected -> SYN, and it never passed; nothing passed at all"]
    assert judged_order(HANDSHAKE, there("SYN")) == [
        "order: expected <- SYN-ACK after -> SYN, and it never passed; nothing passed then"
    ]


def test_what_passed_too_early_is_said_to_have() -> None:
    assert judged_order([Passing(True, "FIN"), Passing(True, "DATA")], there("DATA", "FIN", "ACK")) == [
        "order: expected -> DATA after -> FIN, and it passed only before; what passed then: -> ACK"
    ]


def test_the_other_direction_is_another_packet() -> None:
    assert judged_order([Passing(False, "SYN")], there("SYN")) != []


def test_many_packets_are_not_all_shown() -> None:
    walk = [one for _ in range(20) for one in (*there("DATA"), *back("ACK"))]
    (complaint,) = judged_order([Passing(True, "FIN")], walk)

    assert complaint.count(",") == MOST_SHOWN + 1
    assert complaint.endswith(f", … and {40 - MOST_SHOWN} more")


WALKS = st.lists(st.sampled_from([*there("SYN", "ACK"), *back("ACK")]), max_size=8)


@settings(deadline=None)
@given(wanted=WALKS, came=WALKS)
def test_packets_passed_as_expected_when_the_rest_can_be_struck_out(wanted: list[Passage], came: list[Passage]) -> None:
    left = iter(came)
    is_subsequence = all(passage in left for passage in wanted)

    assert (judged_order([Passing(one.forward, one.word) for one in wanted], came) == []) == is_subsequence
