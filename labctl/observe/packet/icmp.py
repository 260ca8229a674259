"""The bytes of an ICMP message of either family -> what it says, and the packet that it quotes.

ICMP (RFC 792, 1191, 1812), ICMPv6 (RFC 4443), neighbour discovery (RFC 4861), multicast listeners (RFC 2710, 3810).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from labctl.observe.packet.model import Icmp, address, mac_address

_HEAD = struct.Struct("!BBxxHH")
_NAMES = {
    0: "echo reply",
    3: "unreachable",
    4: "source quench",
    5: "redirect",
    8: "echo request",
    9: "router advertisement",
    10: "router solicitation",
    11: "time exceeded",
    12: "parameter problem",
    13: "timestamp request",
    14: "timestamp reply",
}
_CODES = {
    (3, 0): "net unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 4): "packet too big",
    (3, 5): "source route failed",
    (3, 6): "net unknown",
    (3, 7): "host unknown",
    (3, 9): "net prohibited",
    (3, 10): "host prohibited",
    (3, 13): "admin prohibited",
    (11, 0): "hop limit exceeded",
    (11, 1): "reassembly time exceeded",
}
_NAMES6 = {
    1: "unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    131: "multicast listener report",
    132: "multicast listener done",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    137: "redirect",
    143: "multicast listener report",
}
_CODES6 = {
    (1, 0): "net unreachable",
    (1, 1): "admin prohibited",
    (1, 2): "beyond scope",
    (1, 3): "host unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address prohibited",
    (1, 6): "route rejected",
    (3, 0): "hop limit exceeded",
    (3, 1): "reassembly time exceeded",
}
_ECHO, _ECHO6 = (0, 8), (128, 129)
_QUOTING, _QUOTING6 = (3, 4, 5, 11, 12), (1, 2, 3, 4)
_TOO_BIG, _REDIRECT = 3, 5
_TOO_BIG6, _QUERY6, _DONE6, _SOLICITATION6, _ADVERTISEMENT6, _REDIRECT6, _REPORT6 = 2, 130, 132, 135, 136, 137, 143
_OPTIONS_AT6 = {133: 8, 134: 16, 135: 24, 136: 24, 137: 40}
_SOURCE_MAC, _TARGET_MAC, _REDIRECTED = 1, 2, 4


class Message(NamedTuple):
    """An ICMP message, the bytes for a program in it, and those of the packet that it quotes."""

    icmp: Icmp | None
    payload: bytes
    quoted: bytes
    flaws: tuple[str, ...]


def message(data: bytes) -> Message:
    """What ICMP for IPv4 says."""
    if len(data) < 8:
        return _broken(data)
    type_, code, high, low = _HEAD.unpack_from(data)
    name = _CODES.get((type_, code)) or _NAMES.get(type_) or f"ICMP type {type_} code {code}"
    if type_ in _ECHO:
        return Message(Icmp(type=type_, code=code, name=name, identifier=high, sequence=low), data[8:], b"", ())
    if type_ not in _QUOTING:
        return Message(Icmp(type=type_, code=code, name=name), data[8:], b"", ())
    icmp = Icmp(
        type=type_,
        code=code,
        name=name,
        mtu=low if (type_, code) == (_TOO_BIG, 4) else None,
        target=address(data[4:8]) if type_ == _REDIRECT else "",
    )
    words = data[5] if type_ in (3, 11, 12) else 0
    return Message(icmp, b"", _quoted(data, words * 4), ())


def message6(data: bytes) -> Message:
    """What ICMPv6 says."""
    if len(data) < 8:
        return _broken(data)
    type_, code, high, low = _HEAD.unpack_from(data)
    name = _CODES6.get((type_, code)) or _NAMES6.get(type_) or f"ICMPv6 type {type_} code {code}"
    if type_ in _ECHO6:
        return Message(Icmp(type=type_, code=code, name=name, identifier=high, sequence=low), data[8:], b"", ())
    if type_ in _QUOTING6:
        icmp = Icmp(type=type_, code=code, name=name, mtu=high << 16 | low if type_ == _TOO_BIG6 else None)
        return Message(icmp, b"", _quoted(data, data[4] * 8 if type_ in (1, 3) else 0), ())
    if type_ in _OPTIONS_AT6:
        return _discovery(data, type_, code, name)
    groups, flaws = _groups(data, type_)
    return Message(Icmp(type=type_, code=code, name=name, groups=groups), data[8:], b"", flaws)


def _broken(data: bytes) -> Message:
    return Message(None, data, b"", (f"{len(data)} bytes are too few for an ICMP message",))


def _quoted(data: bytes, size: int) -> bytes:
    """A length in the message says where what is quoted ends and extensions begin (RFC 4884)."""
    return data[8 : 8 + size] if size else data[8:]


def _discovery(data: bytes, type_: int, code: int, name: str) -> Message:
    at = _OPTIONS_AT6[type_]
    if len(data) < at:
        flaw = f"{len(data)} bytes are too few for a {name}"
        return Message(Icmp(type=type_, code=code, name=name), data[8:], b"", (flaw,))
    target = address(data[8:24]) if type_ in (_SOLICITATION6, _ADVERTISEMENT6, _REDIRECT6) else ""
    mac, quoted = "", b""
    while at + 8 <= len(data):
        kind, size = data[at], data[at + 1] * 8
        if not size or at + size > len(data):
            break
        if kind in (_SOURCE_MAC, _TARGET_MAC):
            mac = mac_address(data[at + 2 : at + 8])
        elif kind == _REDIRECTED:
            quoted = data[at + 8 : at + size]
        at += size
    flaws = (f"an option of a {name} is broken",) if at < len(data) else ()
    return Message(Icmp(type=type_, code=code, name=name, target=target, mac=mac), b"", quoted, flaws)


def _groups(data: bytes, type_: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups that a message about listeners names, and what is wrong with it."""
    if _QUERY6 <= type_ <= _DONE6 and len(data) >= 24:
        return (address(data[8:24]),) if any(data[8:24]) else (), ()
    if type_ != _REPORT6:
        return (), ("a message about listeners is cut off",) if _QUERY6 <= type_ <= _DONE6 else ()
    found: list[str] = []
    at = 8
    for _ in range(int.from_bytes(data[6:8], "big")):
        if at + 20 > len(data):
            return tuple(found), ("a report of listeners is cut off",)
        found.append(address(data[at + 4 : at + 20]))
        at += 20 + int.from_bytes(data[at + 2 : at + 4], "big") * 16 + data[at + 1] * 4
    return tuple(found), ()
