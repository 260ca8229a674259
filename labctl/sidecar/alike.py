"""Packets -> packets with a number among those that look alike, so that a record made elsewhere knows them again.

A capture sees the same packets in the same order. Flow, sequence number and length tell most of them apart; datagrams
of one length, and segments that are sent again, only their number does. Pure.
"""

from __future__ import annotations

from labctl.sidecar.packet import Flow, Packet, flow_of

MOST = 200_000
"""So many kinds of packets are told apart; later ones keep the number 0, which says nothing."""


class Alike:
    """Counts packets that look alike."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Flow, int, int], int] = {}

    def numbered(self, packet: Packet) -> Packet:
        """The packet with its number, from 1."""
        kind = (flow_of(packet), packet.sequence, packet.length)
        number = self._seen.get(kind, 0) + 1
        if number == 1 and len(self._seen) >= MOST:
            return packet
        self._seen[kind] = number
        return packet._replace(same=number)
