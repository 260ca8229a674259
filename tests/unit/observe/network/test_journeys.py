"""Frames of several hosts -> packets on their way."""

from __future__ import annotations

from labctl.observe.network.journeys import Journey, journeys
from labctl.observe.packet.model import UDP
from labctl.observe.pcapng import Frame
from tests.unit.observe.network.recorded import HOSTS, INTERFACES, MS, OTHER_MAC, came, crossed, left
from tests.unit.observe.packets import CLIENT, CLIENT_MAC, SERVER, arp, frame4, udp

HELLO, ANSWER = frame4(udp(), UDP), frame4(udp(b"world", ports=(51717, 40000)), UDP, source=SERVER, to=CLIENT)


def found(*frames: Frame) -> list[Journey]:
    """The packets of a capture, whatever the order in which the frames are given."""
    return journeys(sorted(frames, key=lambda frame: frame.t_ns), INTERFACES, HOSTS)


def test_a_packet_is_one_though_two_hosts_recorded_it() -> None:
    """It left one and came to the other; both places of the capture are known."""
    [journey] = found(*crossed(HELLO, 1))
    assert (journey.sender, journey.left_ns) == ("client", MS)
    assert [(door.host, door.came_ns) for door in journey.doors] == [("cheerios", 1_100_000)]
    assert journey.frames == [1, 2]


def test_what_is_sent_twice_is_two_packets() -> None:
    """The same to the byte: what leaves first arrives first."""
    frames = [
        left(HELLO, "client", 1),
        left(HELLO, "client", 2),
        came(HELLO, "cheerios", 3),
        came(HELLO, "cheerios", 4),
    ]
    assert [(one.left_ns, one.doors[0].came_ns) for one in found(*frames)] == [(MS, 3 * MS), (2 * MS, 4 * MS)]


def test_a_packet_that_came_nowhere_has_no_door() -> None:
    """It was cut off on its way."""
    assert [one.doors for one in found(left(HELLO, "client", 1))] == [[]]


def test_a_packet_whose_sender_did_not_record_it_is_known_by_its_address() -> None:
    """When it left is not."""
    [journey] = found(came(HELLO, "cheerios", 1))
    assert (journey.sender, journey.left_ns, journey.at_ns) == ("client", None, MS)


def test_one_for_all_comes_to_all() -> None:
    """Who asks for an address asks everybody."""
    question = b"\xff" * 6 + arp(1)[6:]
    [journey] = found(left(question, "client", 1), came(question, "cheerios", 1.1), came(question, "other", 1.2))
    assert [door.host for door in journey.doors] == ["cheerios", "other"]


def test_one_that_passes_by_is_not_for_the_host_that_sees_it() -> None:
    """A bridge that doesn't know the way yet sends it everywhere; the frame still belongs to the packet."""
    [journey] = found(left(HELLO, "client", 1), came(HELLO, "cheerios", 1.1), came(HELLO, "other", 1.1))
    assert [door.host for door in journey.doors] == ["cheerios"]
    assert journey.frames == [1, 2, 3]


def test_over_loopback_a_packet_comes_to_where_it_left() -> None:
    """At the same instant."""
    inside = frame4(udp(), UDP, source="127.0.0.1", to="127.0.0.1")
    [journey] = found(came(inside, "cheerios (loopback)", 5))
    assert (journey.sender, journey.left_ns, journey.doors[0].host) == ("cheerios", 5 * MS, "cheerios")


def test_they_stand_in_the_order_in_which_they_left() -> None:
    """An answer comes after what it answers."""
    frames = [*crossed(ANSWER, 2, sender="cheerios", receiver="client"), *crossed(HELLO, 1)]
    assert [one.sender for one in found(*frames)] == ["client", "cheerios"]


def test_who_a_frame_is_meant_for_is_told_by_its_addresses() -> None:
    """The Ethernet address, or that of IP."""
    elsewhere = bytes.fromhex(OTHER_MAC.replace(":", "")) + HELLO[6:]
    [journey] = found(left(elsewhere, "client", 1), came(elsewhere, "other", 1.1))
    assert [door.host for door in journey.doors] == ["other"]
    assert HELLO[6:12] == bytes.fromhex(CLIENT_MAC.replace(":", ""))


def test_an_interface_is_known_by_what_left_it() -> None:
    """Docker gives a host's further interfaces MACs that nobody planned: what is sent there was meant for it."""
    unplanned = "02:00:00:00:00:77"
    own = bytes.fromhex(unplanned.replace(":", ""))
    answer = ANSWER[:6] + own + ANSWER[12:]
    forwarded = own + HELLO[6:]
    frames = [*crossed(answer, 1, sender="other", receiver="client"), left(forwarded, "client", 2)]
    journeys = found(*frames, came(forwarded, "other", 2.1))
    assert [door.host for door in journeys[1].doors] == ["other"]
