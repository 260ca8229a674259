"""What a packet is -> the WORDs of `order` that it passes for (labctl.scenario.links.order), first things first.

Sources: RFC 9293, 3.1 (TCP's control bits), RFC 792 and RFC 1812, 5.2.7.1 (ICMP), RFC 4443 (ICMPv6).
"""

from __future__ import annotations

from labctl.observe.packet.model import ACK, FIN, RST, SYN

DATAGRAM = ("DATAGRAM",)
"""What every UDP datagram passes for; of one in fragments only the first, so that it counts once."""

_ICMP: dict[tuple[int, int], str] = {
    (8, 0): "ECHO",
    (0, 0): "ECHO-REPLY",
    (3, 0): "NET-UNREACHABLE",
    (3, 6): "NET-UNREACHABLE",
    (3, 11): "NET-UNREACHABLE",
    (3, 1): "HOST-UNREACHABLE",
    (3, 7): "HOST-UNREACHABLE",
    (3, 12): "HOST-UNREACHABLE",
    (3, 3): "PORT-UNREACHABLE",
    (3, 9): "ADMIN-PROHIBITED",
    (3, 10): "ADMIN-PROHIBITED",
    (3, 13): "ADMIN-PROHIBITED",
    (11, 0): "TIME-EXCEEDED",
    (11, 1): "TIME-EXCEEDED",
}
_ICMPV6: dict[tuple[int, int], str] = {
    (128, 0): "ECHO",
    (129, 0): "ECHO-REPLY",
    (1, 0): "NET-UNREACHABLE",
    (1, 3): "HOST-UNREACHABLE",
    (1, 4): "PORT-UNREACHABLE",
    (1, 1): "ADMIN-PROHIBITED",
    (1, 5): "ADMIN-PROHIBITED",
    (1, 6): "ADMIN-PROHIBITED",
    (3, 0): "TIME-EXCEEDED",
    (3, 1): "TIME-EXCEEDED",
}
"""By type and code. Others are answers that no WORD is for."""


def segment_passes(flags: int, payload: int) -> tuple[str, ...]:
    """A TCP segment by its control bits and how many bytes it carries: `ACK` alone, or `DATA` and then `FIN`."""
    if flags & RST:
        return ("RST",)
    named = []
    if flags & SYN:
        named.append("SYN-ACK" if flags & ACK else "SYN")
    if payload > 0:
        named.append("DATA")
    if flags & FIN:
        named.append("FIN")
    return tuple(named) or (("ACK",) if flags & ACK else ())


def icmp_passes(version: int, kind: int, code: int) -> tuple[str, ...]:
    """An ICMP message of either IP version (4 or 6) by its type and code."""
    word = (_ICMP if version == 4 else _ICMPV6).get((kind, code))
    return () if word is None else (word,)
