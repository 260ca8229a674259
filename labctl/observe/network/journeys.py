"""Frames as several hosts recorded them -> packets, each from the host that sent it to those where it came. Pure.

A packet is recorded where it leaves and again where it arrives, the same to the byte: so they are put together. Of
several that are the same, what leaves first arrives first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from labctl.observe.capture_file import host_of, is_loopback, network_of
from labctl.observe.packet import Packet, decode
from labctl.observe.pcapng import Frame, Interface


class Door(Struct, frozen=True):
    """Where a packet came to a host: at a place in the capture, from 1, and when."""

    host: str
    came_ns: int
    frame: int


class Journey(Struct, kw_only=True):
    """A packet on its way. `sender` is empty for one that no host here is known to have sent.

    `doors`: hosts that it was meant for and came to. `frames`: every place of the capture where it is, those at hosts
    that it passed by among them. `network`: which one it was on, where the lab has several.
    """

    packet: Packet
    data: bytes
    size: int
    sender: str
    left_ns: int | None
    doors: list[Door]
    frames: list[int]
    network: str = ""

    @property
    def at_ns(self) -> int:
        """When it left, or was seen first."""
        return self.left_ns if self.left_ns is not None else self.doors[0].came_ns


class Hosts:
    """Which addresses are whose."""

    def __init__(self, addresses: Mapping[str, Iterable[str]], macs: Mapping[str, Iterable[str]]) -> None:
        self._owners = {address: host for host, several in addresses.items() for address in several}
        self._macs = {host: set(several) for host, several in macs.items()}

    def owner(self, address: str) -> str:
        """The host of an address, empty for a stranger's."""
        return self._owners.get(address, "")

    def is_own(self, host: str, address: str) -> bool:
        """Whether it is the host's, over loopback too."""
        return self.owner(address) == host or address.startswith("127.") or address == "::1"

    def with_senders(self, left: Iterable[tuple[str, Packet]]) -> Hosts:
        """The same, when it is known what left which host: its interfaces may have other MACs than were planned."""
        known = Hosts({}, self._macs)
        known._owners = self._owners
        for host, packet in left:
            if packet.link is not None:
                known._macs.setdefault(host, set()).add(packet.link.source_mac)
        return known

    def is_meant_for(self, host: str, packet: Packet) -> bool:
        """Whether it is addressed to the host, or to all."""
        mac = packet.link.mac if packet.link is not None else ""
        if mac and int(mac[:2], 16) & 1:
            return True
        return mac in self._macs.get(host, ()) or (bool(packet.destination) and self.is_own(host, packet.destination))


def journeys(frames: Sequence[Frame], interfaces: Sequence[Interface], hosts: Hosts) -> list[Journey]:
    """All packets, in the order in which they left. `frames` are in the order of their times."""
    packets = [decode(frame.data) for frame in frames]
    owners = [host_of(interface) for interface in interfaces]
    hosts = hosts.with_senders(
        (owners[frame.interface], packet) for frame, packet in zip(frames, packets, strict=True) if frame.is_outbound
    )
    on_their_way = _OnTheirWay()
    found: list[Journey] = []
    for number, (frame, packet) in enumerate(zip(frames, packets, strict=True), 1):
        interface = interfaces[frame.interface]
        host = owners[frame.interface]
        journey = Journey(
            packet=packet,
            data=frame.data,
            size=frame.length,
            sender="",
            left_ns=None,
            doors=[],
            frames=[number],
            network=network_of(interface),
        )
        door = Door(host, frame.t_ns, number)
        if is_loopback(interface):
            journey.sender, journey.left_ns, journey.doors = host, frame.t_ns, [door]
            found.append(journey)
        elif frame.is_outbound:
            journey.sender, journey.left_ns = host, frame.t_ns
            found.append(journey)
            on_their_way.add(journey)
        else:
            sent = on_their_way.take(frame.data, host)
            if sent is None:
                journey.sender = hosts.owner(packet.source)
                found.append(journey)
                sent = journey
            else:
                sent.frames.append(number)
            if hosts.is_meant_for(host, packet):
                sent.doors.append(door)
            elif sent is journey:
                found.pop()  # passed by, and nobody saw it leave
    return sorted(found, key=lambda journey: (journey.at_ns, journey.frames[0]))


class _OnTheirWay:
    """Packets that have left."""

    def __init__(self) -> None:
        self._sent: dict[bytes, list[Journey]] = defaultdict(list)
        self._next: dict[tuple[bytes, str], int] = {}

    def add(self, journey: Journey) -> None:
        self._sent[journey.data].append(journey)

    def take(self, data: bytes, host: str) -> Journey | None:
        """The first of those that look like this, come from another host and have not come to this one yet."""
        sent = self._sent.get(data, [])
        place = self._next.get((data, host), 0)
        while place < len(sent) and sent[place].sender == host:
            place += 1
        self._next[data, host] = place + 1
        return sent[place] if place < len(sent) else None
