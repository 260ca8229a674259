"""What is counted of packets that come, are lost, are let in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.sidecar.packet import ACK, FIN, RST, SYN, TCP
from labctl.sidecar.views import MOST_ORDINALS, Tally, View, Views, view_from
from tests.unit.sidecar.packets import LEFT4, RIGHT4, ipv4, parsed, tcp, udp

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)

NAMES = {LEFT4: "left", RIGHT4: "right"}
WRAP = 1 << 32


def tally() -> Tally:
    """One that looks at everything."""
    return Tally(view_from({"name": "v"}), NAMES)


def see(
    counts: Tally, *segments: tuple[int, int] | tuple[int, int, int], source_port: int = 40000, source: bytes = RIGHT4
) -> int:
    """Segments of (sequence number, bytes, flags; ACK); how many are taken for repeated ones by now."""
    for sequence, size, *flags in segments:
        body = tcp(bytes(size), sequence=sequence % WRAP, flags=flags[0] if flags else ACK, source_port=source_port)
        counts.see_sent(parsed(ipv4(body, TCP, source=source)))
    return counts.retransmitted


def test_lost_packets_have_their_senders_own_numbers() -> None:
    """Each sender's packets count from 1, however they mix."""
    counts = tally()
    for sender, is_lost in ((RIGHT4, False), (LEFT4, True), (RIGHT4, True), (LEFT4, False), (RIGHT4, True)):
        packet = parsed(ipv4(udp(), source=sender))
        counts.see_sent(packet)
        if is_lost:
            counts.see_lost(packet)
    assert counts.counts() == {
        "sent": 5,
        "arrived": 0,
        "dropped": 3,
        "lost": {"left": [1], "right": [2, 3]},
        "retransmitted": 0,
        "resets": 0,
    }


def test_after_a_restart_all_count_from_one_again() -> None:
    """Ordinals too, and what was seen of connections is forgotten."""
    counts = tally()
    see(counts, (1, 10))
    counts.restart()
    assert see(counts, (1, 10)) == 0
    packet = parsed(ipv4(udp()))
    counts.see_sent(packet)
    counts.see_lost(packet)
    assert (counts.sent, counts.lost) == (2, {"right": [2]})


def test_only_so_many_lost_ones_are_kept_by_number() -> None:
    """All are counted."""
    counts = tally()
    packet = parsed(ipv4(udp()))
    for _ in range(MOST_ORDINALS + 5):
        counts.see_sent(packet)
        counts.see_lost(packet)
    assert counts.dropped == MOST_ORDINALS + 5
    assert len(counts.lost["right"]) == MOST_ORDINALS


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([(0, 0, SYN), (1, 0), (1, 10), (11, 10), (21, 0, FIN | ACK)], 0),
        ([(0, 0, SYN), (0, 0, SYN), (0, 0, SYN)], 2),
        ([(1, 10), (1, 10)], 1),
        ([(1, 10), (11, 10), (1, 10), (11, 10)], 2),
        ([(1, 10), (11, 10), (1, 20)], 1),  # both in one
        ([(1, 10), (11, 10), (11, 30)], 0),  # with something new at its end
        ([(1, 10), (1, 0), (11, 0)], 0),  # bare acknowledgements
        ([(1, 10), (11, 0, FIN | ACK), (11, 0, FIN | ACK)], 1),
        ([(1, 10), (1, 10, RST | ACK)], 0),
        ([(WRAP - 5, 10), (5, 10)], 0),
        ([(WRAP - 5, 10), (5, 10), (WRAP - 5, 10), (5, 10)], 2),
        ([(WRAP - 10, 10), (0, 10), (WRAP - 10, 10)], 1),
    ],
)
def test_what_was_sent_before_is_a_retransmission(segments: list[tuple[int, int]], expected: int) -> None:
    """Sequence numbers wrap around (RFC 9293, 3.4)."""
    assert see(tally(), *segments) == expected


def test_a_new_connection_between_the_same_ports_repeats_nothing() -> None:
    """Whether its first sequence number is higher or lower; its own repetitions count."""
    counts = tally()
    assert see(counts, (1000, 0, SYN), (1001, 50)) == 0
    assert see(counts, (5, 0, SYN), (6, 50)) == 0
    assert see(counts, (900_000, 0, SYN), (900_001, 50)) == 0
    assert see(counts, (900_001, 50)) == 1


def test_connections_from_other_ports_and_hosts_are_others() -> None:
    """The same numbers are no repetition there."""
    counts = tally()
    assert see(counts, (1, 10)) == see(counts, (1, 10), source_port=40001) == see(counts, (1, 10), source=LEFT4) == 0


@SAME_EVERYWHERE
@given(some.integers(0, WRAP - 1), some.lists(some.integers(1, 70_000), min_size=1, max_size=20), some.data())
def test_every_repeated_segment_is_counted_once(start: int, sizes: list[int], chance: some.DataObject) -> None:
    """Wherever in the sequence numbers a connection begins."""
    counts = tally()
    at, sent, repeated = start, [], 0
    for size in sizes:
        sent.append((at, min(size, 1000)))
        see(counts, sent[-1])
        at += min(size, 1000)
        if chance.draw(some.booleans()):
            see(counts, chance.draw(some.sampled_from(sent)))
            repeated += 1
    assert counts.retransmitted == repeated


def test_resets_are_counted() -> None:
    """With and without an acknowledgement; they are sent packets too."""
    counts = tally()
    see(counts, (1, 0, RST), (1, 0, RST | ACK), (1, 0))
    assert (counts.sent, counts.resets) == (3, 2)


# Several views


class Watched:
    """Views, and how often they said that something was about to change."""

    def __init__(self, *views: View) -> None:
        self.changes = 0
        self.views = Views(NAMES, self._change)
        for view in views:
            self.views.add(view)

    def _change(self) -> None:
        self.changes += 1

    def counts(self, name: str, kind: str) -> Any:  # Any: a number, or lists
        """One counter of a view."""
        return self.views.counts(name)[kind]


def test_a_view_counts_what_it_is_about() -> None:
    """Some senders, some packets; change is told only when one of them counts."""
    watched = Watched(
        view_from({"name": "right", "senders": [RIGHT4.hex()]}),
        view_from({"name": "udp", "only": {"protocol": "udp", "port": 51717}}),
    )
    watched.views.see_sent(parsed(ipv4(udp(), source=LEFT4)))
    watched.views.see_sent(parsed(ipv4(tcp(), TCP)))
    watched.views.see_sent(parsed(ipv4(tcp(), TCP, source=LEFT4)))
    assert [watched.counts(name, "sent") for name in ("right", "udp")] == [1, 1]
    assert watched.changes == 2


def test_a_view_that_is_added_again_goes_on_and_one_that_was_removed_begins_anew() -> None:
    """A packet of a kind that was seen before is counted by the new one too."""
    view = view_from({"name": "all"})
    watched = Watched(view)
    packet = parsed(ipv4(udp()))
    watched.views.see_sent(packet)
    watched.views.add(view)
    watched.views.add(view_from({"name": "late"}))
    watched.views.see_sent(packet)
    assert [watched.counts(name, "sent") for name in ("all", "late")] == [2, 1]
    watched.views.remove("all")
    watched.views.remove("nix")
    watched.views.see_sent(packet)
    watched.views.add(view)
    watched.views.see_sent(packet)
    assert [watched.counts(name, "sent") for name in ("all", "late")] == [1, 3]


def test_copies_arrive_too() -> None:
    """A doubled packet was sent once and arrives twice."""
    watched = Watched(view_from({"name": "v"}))
    packet = parsed(ipv4(udp()))
    watched.views.see_sent(packet)
    watched.views.see_arrived(packet, 2)
    assert (watched.counts("v", "sent"), watched.counts("v", "arrived")) == (1, 2)


def test_an_unknown_view_is_no_view() -> None:
    """KeyError."""
    watched = Watched()
    with pytest.raises(KeyError):
        watched.views.counts("nix")
    with pytest.raises(KeyError):
        watched.views.restart("nix")
