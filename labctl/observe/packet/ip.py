"""The bytes of an IP packet -> who sends what to whom (RFC 791, RFC 8200), with what it carries."""

from __future__ import annotations

import struct
from typing import NamedTuple

from labctl.observe.packet import model
from labctl.observe.packet.icmp import message, message6
from labctl.observe.packet.model import Fragment, Icmp, Link, Packet, Tcp, address
from labctl.observe.packet.tcp import segment
from labctl.observe.story import Kind

_IPV4, _IPV6 = struct.Struct("!BxHHHBBxx4s4s"), struct.Struct("!IHBB16s16s")
_PORTS, _UDP = struct.Struct("!HH"), struct.Struct("!HHHxx")
_FRAGMENT = struct.Struct("!xxHI")
_OFFSET6, _MORE6 = 0xFFF8, 1
_HOP_BY_HOP, _ROUTING, _FRAGMENTS, _AUTHENTICATION, _NOTHING, _DESTINATION = 0, 43, 44, 51, 59, 60
_EXTENSIONS = (_HOP_BY_HOP, _ROUTING, _FRAGMENTS, _AUTHENTICATION, _DESTINATION, 135, 139, 140)
_KINDS: dict[int, Kind] = {model.TCP: "tcp", model.UDP: "udp", model.ICMP: "icmp", model.ICMPV6: "icmp"}


class _Header(NamedTuple):
    """What IP says, and between where in the bytes it carries something. `sent`: where that ended when it was sent."""

    link: Link | None
    family: int
    source: str
    destination: str
    hops: int
    identification: int
    extensions: tuple[int, ...]
    protocol: int
    fragment: Fragment | None
    start: int
    end: int
    sent: int
    flaws: tuple[str, ...]


def ip_packet(data: bytes, family: int, link: Link | None, *, is_quoted: bool = False) -> Packet:
    """A packet of this family. What an ICMP message quotes (`is_quoted`) is not asked what it quotes itself."""
    size = _IPV4.size if family == 4 else _IPV6.size
    if len(data) < size or data[0] >> 4 != family:
        flaw = f"{len(data)} bytes are too few for an IPv{family} header"
        if len(data) >= size:
            flaw = f"an IPv{family} header says that it is of version {data[0] >> 4}"
        return Packet(kind="ip", link=link, payload=data, length=len(data), flaws=(flaw,))
    header = _header4(data, link) if family == 4 else _header6(data, link)
    if header.fragment is not None and header.fragment.offset:
        return _plain(data, header)
    return _carried(data, header, is_quoted=is_quoted)


def joined(first: Packet, start: int, data: bytes) -> Packet:
    """The packet that `first` is the first fragment of, from all their bytes. IP's own headers end at `start`."""
    header = _Header(
        link=first.link,
        family=first.family,
        source=first.source,
        destination=first.destination,
        hops=first.hops,
        identification=first.identification,
        extensions=first.extensions,
        protocol=first.protocol,
        fragment=None,
        start=min(start, len(data)),
        end=len(data),
        sent=len(data),
        flaws=(),
    )
    return _carried(data, header, is_quoted=False)


def _header4(data: bytes, link: Link | None) -> _Header:
    first, total, identification, pieces, hops, protocol, source, destination = _IPV4.unpack_from(data)
    start = (first & 15) * 4
    extensions: tuple[int, ...] = ()
    flaws: tuple[str, ...] = ()
    if start < _IPV4.size:
        flaws, start = (f"an IPv4 header of {start} bytes is too short to be one",), _IPV4.size
    elif start > _IPV4.size:
        extensions, flaws = _options4(data[_IPV4.size : start])
    start = min(start, len(data))
    sent = total or len(data)  # the kernel has no number for one that is longer than 65535 bytes
    if sent < start:
        flaws, sent = (*flaws, f"an IPv4 packet of {sent} bytes is shorter than its header"), start
    end = min(sent, len(data))
    fragment = None
    if pieces & 0x3FFF:
        fragment = Fragment(identification, (pieces & 0x1FFF) * 8, not pieces & 0x2000, data[start:end])
    return _Header(
        link,
        4,
        address(source),
        address(destination),
        hops,
        identification,
        extensions,
        protocol,
        fragment,
        start,
        end,
        sent,
        flaws if sent == end else (*flaws, _cut(end, sent)),
    )


def _options4(data: bytes) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The kinds of options. Two of them are a kind alone: the end of all (0), and nothing (1)."""
    found: list[int] = []
    at = 0
    while at < len(data) and data[at]:
        size = 1 if data[at] == 1 else data[at + 1] if at + 1 < len(data) else 0
        if size < 1 + (data[at] != 1) or at + size > len(data):
            return tuple(found), (f"IPv4 option {data[at]} is broken",)
        if data[at] != 1:
            found.append(data[at])
        at += size
    return tuple(found), ()


def _header6(data: bytes, link: Link | None) -> _Header:
    _, length, protocol, hops, source, destination = _IPV6.unpack_from(data)
    at, sent = _IPV6.size, _IPV6.size + length
    if not length and protocol != _NOTHING:  # a jumbogram (RFC 2675), or one that its sender has still to cut up
        sent = len(data)
    end = min(sent, len(data))
    flaws: tuple[str, ...] = () if sent == end else (_cut(end, sent),)
    extensions: tuple[int, ...] = ()
    pieces = identification = piece_at = 0
    while protocol in _EXTENSIONS and not pieces & _OFFSET6:
        if at + 8 > end:
            flaws += (f"IPv6 extension header {protocol} is cut off",)
            break
        extensions += (protocol,)
        size = (data[at + 1] + 1) * 8
        if protocol == _AUTHENTICATION:
            size = (data[at + 1] + 2) * 4
        elif protocol == _FRAGMENTS:
            size = _FRAGMENT.size
            pieces, identification = _FRAGMENT.unpack_from(data, at)
            piece_at = at + size
        protocol, at = data[at], min(at + size, end)
    fragment = None
    if pieces & (_OFFSET6 | _MORE6):  # else it is whole (RFC 6946)
        piece = data[piece_at:end]
        fragment = Fragment(identification, pieces & _OFFSET6, not pieces & _MORE6, piece, at - piece_at)
    return _Header(
        link,
        6,
        address(source),
        address(destination),
        hops,
        0,
        extensions,
        protocol,
        fragment,
        at,
        end,
        sent,
        flaws,
    )


def _cut(there: int, sent: int) -> str:
    return f"{there} of the {sent} bytes of an IP packet are there"


def _carried(data: bytes, header: _Header, *, is_quoted: bool) -> Packet:
    protocol = header.protocol
    if protocol == model.TCP:
        return _tcp(data, header)
    if protocol == model.UDP:
        return _udp(data, header)
    if header.fragment is None and protocol == (model.ICMP if header.family == 4 else model.ICMPV6):
        return _icmp(data, header, is_quoted=is_quoted)
    return _plain(data, header)


def _tcp(data: bytes, header: _Header) -> Packet:
    source_port, port, tcp, start, flaws = segment(data, header.start, header.end)
    return _packet(
        header,
        "tcp",
        data[start : header.end],
        header.sent - start,
        ports=(source_port, port),
        tcp=tcp,
        flaws=flaws,
    )


def _udp(data: bytes, header: _Header) -> Packet:
    start, end, sent = header.start, header.end, header.sent
    ports: tuple[int, int] = (0, 0)
    flaws: tuple[str, ...] = ()
    if end - start < _UDP.size:
        flaws = (f"{end - start} bytes of a UDP header are there",)
    if end - start >= _PORTS.size:
        ports = _PORTS.unpack_from(data, start)
    if end - start >= _UDP.size:
        length = _UDP.unpack_from(data, start)[2]
        if _UDP.size <= length <= sent - start:
            sent = start + length
        elif length and header.fragment is None:
            flaws = (f"UDP says that it has {length} bytes, IP that it has {sent - start}",)
    start = min(start + _UDP.size, sent)
    return _packet(header, "udp", data[start : min(end, sent)], sent - start, ports=ports, flaws=flaws)


def _icmp(data: bytes, header: _Header, *, is_quoted: bool) -> Packet:
    body = data[header.start : header.end]
    found = message(body) if header.family == 4 else message6(body)
    about = None
    if found.quoted and not is_quoted:
        about = ip_packet(found.quoted, header.family, None, is_quoted=True)
    length = len(found.payload) + header.sent - header.end if found.payload else 0
    return _packet(header, "icmp", found.payload, length, icmp=found.icmp, about=about, flaws=found.flaws)


def _plain(data: bytes, header: _Header) -> Packet:
    kind = _KINDS.get(header.protocol, "ip")
    return _packet(header, kind, data[header.start : header.end], header.sent - header.start)


def _packet(
    header: _Header,
    kind: Kind,
    payload: bytes,
    length: int,
    *,
    ports: tuple[int, int] = (0, 0),
    tcp: Tcp | None = None,
    icmp: Icmp | None = None,
    about: Packet | None = None,
    flaws: tuple[str, ...] = (),
) -> Packet:
    return Packet(
        kind=kind,
        link=header.link,
        family=header.family,
        source=header.source,
        destination=header.destination,
        hops=header.hops,
        identification=header.identification,
        extensions=header.extensions,
        protocol=header.protocol,
        source_port=ports[0],
        port=ports[1],
        payload=payload,
        length=length,
        fragment=header.fragment,
        tcp=tcp,
        icmp=icmp,
        about=about,
        flaws=header.flaws + flaws,
    )
