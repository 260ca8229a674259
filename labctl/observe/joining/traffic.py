"""Packets and the programs' sockets -> packets as a story has them, and which calls they belong to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from labctl.observe.joining.cast import Cast
from labctl.observe.joining.ownership import Life
from labctl.observe.joining.ties import Owned, Ties
from labctl.observe.network.fates import Outcome
from labctl.observe.network.journeys import Door, Journey
from labctl.observe.network.network import Network
from labctl.observe.network.passing import DATAGRAM, icmp_passes, segment_passes
from labctl.observe.network.words import is_noise, line, short, text_of
from labctl.observe.packet import Packet
from labctl.observe.story import Arrival, PacketSeen


def packets_seen(network: Network, cast: Cast, zero_ns: int) -> tuple[tuple[PacketSeen, ...], list[tuple[int, ...]]]:
    """All packets, and for each call of the cast the numbers of those that it has to do with."""
    owned = [_owned(network, cast, number) for number in range(len(network.journeys))]
    seen = tuple(
        _seen(network, cast, one, outcomes, zero_ns) for one, outcomes in zip(owned, network.outcomes, strict=True)
    )
    ties = Ties(owned)
    return seen, [ties.of(made) if made is not None else () for made in cast.made()]


def _owned(network: Network, cast: Cast, number: int) -> Owned:
    journey, outcomes = network.journeys[number], network.outcomes[number]
    one = Owned(
        journey=journey,
        remarks=network.remarks[number],
        sent_by=None,
        came_to=None,
        let_in_ns=tuple(
            outcome.at_ns
            for outcome in outcomes
            if outcome.fate not in ("lost", "refused") and not outcome.is_thrown_away
            for _ in range(outcome.copies)
        ),
    )
    to = network.hosts.owner(journey.packet.destination) or (journey.doors[0].host if len(journey.doors) == 1 else "")
    came_ns = journey.doors[0].came_ns if journey.doors else journey.at_ns
    sent_by = cast.owners.of(journey.sender, one.whole, journey.at_ns, is_sender=True) if journey.sender else None
    return replace(one, sent_by=sent_by, came_to=_receiver(cast, to, one.whole, came_ns) if to else None)


def _receiver(cast: Cast, to: str, packet: Packet, came_ns: int) -> Life | None:
    """Whose it becomes. An ICMP error is for the socket whose packet it quotes."""
    if packet.icmp is not None and packet.about is not None:
        return cast.owners.of(to, packet.about, came_ns, is_sender=True)
    return cast.owners.of(to, packet, came_ns, is_sender=False)


def _seen(network: Network, cast: Cast, one: Owned, outcomes: Sequence[Outcome], zero_ns: int) -> PacketSeen:
    journey, packet = one.journey, one.journey.packet
    arrivals = [
        _arrival(cast, one.came_to, door, outcome, zero_ns)
        for door, outcome in zip(journey.doors, outcomes, strict=True)
    ]
    ports = (one.whole.source_port, one.whole.port) if packet.kind in ("tcp", "udp") else ()
    return PacketSeen(
        lane=_lane(cast, one.sent_by, _sender(journey), journey.at_ns),
        left_ns=None if journey.left_ns is None else journey.left_ns - zero_ns,
        arrivals=tuple(arrivals),
        kind=packet.kind,
        words=short(packet, one.remarks),
        detail=line(packet, one.remarks),
        notes=one.remarks.notes,
        text=text_of(packet.payload),
        size=journey.size,
        is_noise=is_noise(packet),
        frames=tuple(journey.frames),
        to=network.hosts.owner(packet.destination),
        ports=ports,
        passes=_passes(packet),
    )


def _sender(journey: Journey) -> str:
    """Who sent it; of a stranger's packet where it came."""
    return journey.sender or journey.doors[0].host


def _lane(cast: Cast, life: Life | None, host: str, at_ns: int) -> int:
    return life.lane if life is not None else cast.lane_at(host, at_ns)


def _arrival(cast: Cast, life: Life | None, door: Door, outcome: Outcome, zero_ns: int) -> Arrival:
    is_its_own = life is not None and cast.lanes[life.lane].host == door.host
    return Arrival(
        lane=_lane(cast, life if is_its_own else None, door.host, door.came_ns),
        came_ns=door.came_ns - zero_ns,
        at_ns=outcome.at_ns - zero_ns,
        fate=outcome.fate,
        rule=outcome.rule,
        copies=outcome.copies,
        frame=door.frame,
    )


def _passes(packet: Packet) -> tuple[str, ...]:
    if packet.fragment is not None and packet.fragment.offset:
        return ()
    if packet.tcp is not None:
        return segment_passes(packet.tcp.flags, packet.length)
    if packet.icmp is not None:
        return icmp_passes(4 if packet.family == 4 else 6, packet.icmp.type, packet.icmp.code)
    return DATAGRAM if packet.kind == "udp" else ()
