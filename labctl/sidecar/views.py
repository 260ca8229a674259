"""Packets and what became of them -> the counters of a LINK, as a scenario looks at them. Pure.

A view looks at one direction: the packets of some senders, of some kind. `sent` are those that came to the receiver's
door, `arrived` those that were let in, copies included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from labctl.sidecar.packet import MOST_FLOWS, RST, SYN, TCP, Flow, Packet, flow_of
from labctl.sidecar.rules import Json, Only, only_from

MOST_ORDINALS = 10_000
"""So many lost packets are kept by number; more are only counted."""

Counts = dict[str, Any]  # Any: numbers, and lists of them by sender


class View(NamedTuple):
    """What is looked at. `senders` None: whoever sends."""

    name: str
    senders: frozenset[bytes] | None
    only: Only

    def is_about(self, packet: Packet) -> bool:
        """Whether it counts this packet."""
        return (self.senders is None or packet.source in self.senders) and self.only.holds(packet)


def view_from(values: Json) -> View:
    """A view from its JSON: `name`, `senders` as hex addresses, `only`."""
    senders = values.get("senders")
    return View(
        values["name"],
        None if senders is None else frozenset(bytes.fromhex(address) for address in senders),
        only_from(values.get("only")),
    )


class Tally:
    """The counters of one view, from its last restart on."""

    def __init__(self, view: View, names: Mapping[bytes, str]) -> None:
        """`names`: senders' names by their addresses."""
        self.view = view
        self._names = names
        self.restart()

    def restart(self) -> None:
        """Count from 0 again."""
        self.sent = self.arrived = self.dropped = self.retransmitted = self.resets = 0
        self.lost: dict[str, list[int]] = {}
        self._of_sender: dict[str, int] = {}
        self._highest: dict[tuple[bytes, int, int], int] = {}  # sequence numbers seen, by flow

    def see_sent(self, packet: Packet) -> None:
        """A packet has come to the door."""
        self.sent += 1
        sender = self._sender(packet)
        self._of_sender[sender] = self._of_sender.get(sender, 0) + 1
        if packet.protocol == TCP:
            self.resets += bool(packet.flags & RST)
            self.retransmitted += self._is_repeated(packet)

    def see_lost(self, packet: Packet) -> None:
        """The packet that has just come goes no further."""
        self.dropped += 1
        sender = self._sender(packet)
        if self.dropped <= MOST_ORDINALS:
            self.lost.setdefault(sender, []).append(self._of_sender[sender])

    def _sender(self, packet: Packet) -> str:
        return self._names.get(packet.source, packet.source.hex())

    def _is_repeated(self, packet: Packet) -> bool:
        """Whether all that a segment carries was sent before (RFC 9293: sequence numbers wrap around)."""
        if not packet.occupies or packet.flags & RST:
            return False
        flow = (packet.source, packet.source_port, packet.port)
        end = packet.sequence + packet.occupies & 0xFFFFFFFF
        highest = self._highest.get(flow)
        is_repeated = highest is not None and not _is_after(end, highest)
        if packet.flags & SYN:  # of a new connection between the same ports, unless it is the same SYN
            is_repeated = highest == end
        if not is_repeated:
            self._highest[flow] = end
        return is_repeated

    def counts(self) -> Counts:
        """All of them, as JSON."""
        return {
            "sent": self.sent,
            "arrived": self.arrived,
            "dropped": self.dropped,
            "lost": {sender: numbers[:] for sender, numbers in self.lost.items()},
            "retransmitted": self.retransmitted,
            "resets": self.resets,
        }


def _is_after(one: int, other: int) -> bool:
    return 0 < (one - other & 0xFFFFFFFF) < 0x80000000


class Views:
    """All views of one receiver. `on_change` is called when a packet is about to be counted by one of them."""

    def __init__(self, names: Mapping[bytes, str], on_change: Callable[[], None]) -> None:
        """`names`: senders' names by their addresses."""
        self._names = names
        self._tallies: dict[str, Tally] = {}
        self._of_flow: dict[Flow, list[Tally]] = {}
        self._on_change = on_change

    def add(self, view: View) -> None:
        """Begin to look; a view of the same name goes on as it is."""
        self._tallies.setdefault(view.name, Tally(view, self._names))
        self._of_flow.clear()

    def remove(self, name: str) -> None:
        """Look no more; an unknown one is let be."""
        self._tallies.pop(name, None)
        self._of_flow.clear()

    def view(self, name: str) -> View:
        """The view of that name. KeyError for an unknown one."""
        return self._tallies[name].view

    def restart(self, name: str) -> None:
        """Count from 0 again. KeyError for an unknown one."""
        self._tallies[name].restart()

    def counts(self, name: str) -> Counts:
        """The counters of a view. KeyError for an unknown one."""
        return self._tallies[name].counts()

    def see_sent(self, packet: Packet) -> None:
        """A packet has come to the door."""
        for tally in self._about(packet):
            tally.see_sent(packet)

    def see_lost(self, packet: Packet) -> None:
        """The packet that has just come goes no further."""
        for tally in self._about(packet):
            tally.see_lost(packet)

    def see_arrived(self, packet: Packet, copies: int) -> None:
        """A packet was let in, so many times."""
        for tally in self._about(packet):
            tally.arrived += copies

    def _about(self, packet: Packet) -> list[Tally]:
        flow = flow_of(packet)
        tallies = self._of_flow.get(flow)
        if tallies is None:
            tallies = [tally for tally in self._tallies.values() if tally.view.is_about(packet)]
            if len(self._of_flow) >= MOST_FLOWS:
                self._of_flow.clear()
            self._of_flow[flow] = tallies
        if tallies:
            self._on_change()
        return tallies
