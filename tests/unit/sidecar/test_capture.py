"""What a capture tells labctl of the packets in its ring; here the ring is played."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from labctl.agent.frames import Decoder, Header, encode
from labctl.agent.loop import offset_ns
from labctl.sidecar import capture
from labctl.sidecar.capture import BUDGET, Capture, networks_of, recorded
from labctl.sidecar.ring import Counts, Seen

WITHIN_S = 10.0


def seen(data: bytes = b"packet", *, t_ns: int = 7, is_outbound: bool = False, is_loopback: bool = False) -> Seen:
    return Seen(t_ns, data, len(data), is_outbound, is_loopback)


class FakeRing:
    """Blocks that a test retires. `stored`: packets that the kernel has put in, of blocks that are still open too."""

    def __init__(self) -> None:
        self._blocks: list[list[Seen]] = []
        self._bell, self._ringer = os.pipe()
        self.stored = self.lost = self.taken = 0
        self.is_closed = False

    def fileno(self) -> int:
        return self._bell

    def retire(self, *packets: Seen) -> None:
        """A block is full."""
        self._blocks.append(list(packets))
        self.stored = max(self.stored, self.taken + sum(map(len, self._blocks)))
        os.write(self._ringer, b"!")

    def take(self) -> list[Seen]:
        if not self._blocks:
            return []
        os.read(self._bell, 1)
        block = self._blocks.pop(0)
        self.taken += len(block)
        return block

    def counts(self) -> Counts:
        return Counts(self.stored, self.lost)

    def close(self) -> None:
        self.is_closed = True

    def remove(self) -> None:
        for descriptor in (self._bell, self._ringer):
            os.close(descriptor)


class Labctl:
    """The other end of a capture that runs."""

    def __init__(self) -> None:
        self.ring = FakeRing()
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(WITHIN_S)
        self._theirs = theirs
        self._decoder = Decoder()
        self._frames: list[tuple[Header, bytes]] = []
        capture = Capture("cheerios", self.ring, theirs.fileno(), theirs.fileno())  # type: ignore[arg-type]  # a fake
        self._thread = threading.Thread(target=capture.serve)
        self._thread.start()

    def asks(self, do: str, number: int = 1) -> None:
        self._ours.sendall(encode({"do": do, "id": number}))

    def next(self) -> tuple[Header, bytes]:
        """The next frame."""
        while not self._frames:
            data = self._ours.recv(1 << 20)
            assert data, "it has ended"
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    def event(self) -> str:
        """What the next frame is."""
        header, _ = self.next()
        return header.get("ev") or f"answer {header['re']}"

    def leaves(self) -> None:
        self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join(WITHIN_S)

    def close(self) -> None:
        self.leaves()
        self._ours.close()
        self._theirs.close()
        self.ring.remove()


@pytest.fixture
def labctl() -> Iterator[Labctl]:
    """It has said hello."""
    one = Labctl()
    hello, _ = one.next()
    assert (hello["ev"], hello["host"], hello["pid"]) == ("hello", "cheerios", os.getpid())
    assert abs(hello["offset_ns"] - offset_ns()) < 1_000_000
    yield one
    one.close()


def test_packets_are_told_as_records() -> None:
    """Time, bytes that follow, length on the wire, flags; then the bytes."""
    cut_off = Seen(1 << 40, b"ab", 65600, is_outbound=True, is_loopback=False)
    assert recorded([cut_off, seen(b"", is_loopback=True)]) == (
        b"\0\0\1\0\0\0\0\0\0\0\0\2\0\1\0\x40\1ab\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0\2"
    )


def test_what_comes_is_told_by_itself(labctl: Labctl) -> None:
    """Blocks that are there together in one frame."""
    labctl.ring.retire(seen(b"1"), seen(b"2"))
    header, body = labctl.next()
    assert (header, body) == ({"ev": "packets", "host": "cheerios", "count": 2}, recorded([seen(b"1"), seen(b"2")]))


def test_a_flush_is_answered_when_everything_was_told(labctl: Labctl) -> None:
    """What lies in a block that is still open is waited for; what comes after isn't."""
    labctl.ring.stored, labctl.ring.lost = 2, 5
    labctl.asks("flush", 1)
    labctl.asks("sing", 2)
    assert labctl.next()[0]["error"] == "unknown: sing"  # so it has been asked to flush
    labctl.ring.retire(seen())
    assert labctl.event() == "packets"
    labctl.asks("sing", 3)
    assert labctl.event() == "answer 3"  # one is still missing
    labctl.ring.retire(seen(), seen())
    assert labctl.next()[0]["count"] == 2
    answer, _ = labctl.next()
    assert {key: value for key, value in answer.items() if key != "t"} == {
        "re": 1, "packets": 3, "lost": 5, "cut": False,
    }  # fmt: skip


def test_a_flush_with_nothing_underway_is_answered_at_once(labctl: Labctl) -> None:
    labctl.asks("flush", 9)
    assert labctl.event() == "answer 9"


def test_after_a_stop_nothing_is_told(labctl: Labctl) -> None:
    """The ring is given up; a flush that waits is answered, and so is a later one."""
    labctl.ring.stored = 1
    labctl.asks("flush", 1)
    labctl.asks("stop", 2)
    assert [labctl.event(), labctl.event()] == ["answer 1", "answer 2"]
    assert labctl.ring.is_closed
    labctl.ring.retire(seen())
    labctl.asks("flush", 3)
    assert labctl.event() == "answer 3"


def test_more_than_the_budget_is_not_told(labctl: Labctl) -> None:
    """That is said once, and recording ends."""
    big = seen(bytes(1 << 20))
    for _ in range(BUDGET >> 20):
        labctl.ring.retire(big)
    events = []
    while "cut" not in events:
        events.append(labctl.event())
    assert set(events) == {"packets", "cut"}
    labctl.asks("flush", 1)
    answer, _ = labctl.next()
    assert labctl.ring.is_closed
    assert (answer["packets"], answer["cut"]) == (len(events) - 1, True)
    assert (BUDGET >> 20) - 2 <= len(events) - 1 < BUDGET >> 20


def test_what_labctl_does_not_take_stays_in_the_ring(labctl: Labctl) -> None:
    """And comes when it does; nothing of it is given up here."""
    packet = seen(bytes(500_000))
    for _ in range(20):
        labctl.ring.retire(packet)
    labctl.asks("flush", 1)  # is read though nothing can be written
    counts = [labctl.next()[0]["count"]]
    assert labctl.ring.taken < 20
    while sum(counts) < 20:
        counts.append(labctl.next()[0]["count"])
    assert labctl.event() == "answer 1"


def test_without_labctl_it_ends(labctl: Labctl) -> None:
    """And gives up the ring."""
    labctl.leaves()
    assert labctl.ring.is_closed


def test_which_network_a_packet_passed_is_told_by_the_addresses_of_its_interface(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever interfaces are called, and in whichever order they came; what is asked of none is told of none."""
    there = {"lo": ["127.0.0.1"], "eth0": ["10.2.0.2"], "eth1": ["fe80::1", "10.1.0.3"]}
    monkeypatch.setattr(capture, "addresses", lambda: there)
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: {"lo": 1, "eth0": 7, "eth1": 9}[name])

    networks = networks_of([["10.1.0.3"], ["10.2.0.2"]])

    assert networks == {9: 0, 7: 1}
    told = recorded([Seen(1, b"a", 1, True, False, 7), Seen(2, b"b", 1, False, False, 9)], networks)
    assert [told[at] for at in (16, 34)] == [1 | 1 << 2, 0]
    assert networks_of([]) == {}
