"""Packets in the order in which they were sent -> what each of them is within its connection or its datagram.

The words are Wireshark's (its chapter "TCP Analysis"), the numbers those of RFC 9293. Wireshark has to guess by time
what a capture in the middle of a path can't tell. Here every packet is known from its sender: bytes that were sent
before are a retransmission, and bytes that never were are none.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from msgspec import Struct

from labctl.observe.network.connection import Connection, receiver, sender
from labctl.observe.network.fragments import Datagram, datagrams
from labctl.observe.packet import Packet


class Remarks(Struct, frozen=True, kw_only=True):
    """What is to be said of one packet because of those before it.

    Of a TCP segment: `connection` counts from 0 in order of the first packets; the client is who opened it (or sent the
    first packet that was seen). `sequence` and `acknowledgement` are relative, a SYN's is 0. `window` is in bytes, None
    where its scale isn't known. The payload lies at `stream_offset` of all that this side sends, from 0, and has
    `length` bytes; None where there is none.
    Of a fragment: `datagram` is what it is a part of, `number` which one, from 1 (0 where that can't be told). The last
    fragment to come of a segment says what the segment is.
    """

    connection: int | None = None
    is_first: bool = False
    is_from_client: bool = False
    sequence: int = 0
    acknowledgement: int | None = None
    window: int | None = None
    stream_offset: int | None = None
    length: int = 0
    notes: tuple[str, ...] = ()
    datagram: Datagram | None = None
    number: int = 0


NOTHING = Remarks()
"""There is nothing to say."""


def remarks(packets: Sequence[Packet], networks: Sequence[Hashable] = ()) -> tuple[Remarks, ...]:
    """One for each packet. Each packet stands in the sequence once, where its sender sent it.

    `networks` says for each packet on which network it was, where there are several: the loopbacks of two hosts have
    the same addresses.
    """
    fragments = {
        place: (datagram, number)
        for datagram in datagrams(packets, networks)
        for place, number in zip(datagram.packets, datagram.numbers, strict=True)
    }
    conversations = _Conversations()
    found = []
    for place, packet in enumerate(packets):
        network = networks[place] if networks else None
        datagram, number = fragments.get(place, (None, 0))
        segment: Packet | None = packet
        if datagram is not None:
            segment = datagram.whole if place == datagram.packets[-1] else None
        found.append(conversations.remark(segment, network, datagram, number))
    return tuple(found)


class _Conversations:
    """The connections that are known, by the two ends that they are between."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Connection] = {}
        self._count = 0

    def remark(self, packet: Packet | None, network: Hashable, datagram: Datagram | None, number: int) -> Remarks:
        """What the next packet is. None for a fragment that makes nothing whole."""
        if packet is None or packet.tcp is None or packet.tcp.is_short:
            return NOTHING if datagram is None else Remarks(datagram=datagram, number=number)
        tcp, here, there = packet.tcp, sender(packet), receiver(packet)
        key = (network, *sorted((here, there)))
        connection = self._known.get(key)
        is_first = connection is None or connection.is_another(packet, tcp)
        if connection is None or is_first:
            connection = self._known[key] = Connection(self._count, packet, tcp)
            self._count += 1
        seen = connection.see(packet, tcp)
        return Remarks(
            connection=connection.number,
            is_first=is_first,
            is_from_client=here == connection.client,
            sequence=seen.sequence,
            acknowledgement=seen.acknowledgement,
            window=seen.window,
            stream_offset=seen.stream_offset,
            length=packet.length,
            notes=seen.notes,
            datagram=datagram,
            number=number,
        )
