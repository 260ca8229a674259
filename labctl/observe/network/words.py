"""A packet and what is remarked on it -> words: in short for an arrow, in a line with all of it, and its payload."""

from __future__ import annotations

from labctl.observe.network.segments import NOTHING, Remarks
from labctl.observe.packet import Arp, Icmp, Packet, Tcp
from labctl.observe.packet.model import ACK, CWR, ECE, FIN, ICMPV6, IGMP, PSH, RST, SYN, URG

LONGEST_TEXT = 60
_FLAGS = (
    (SYN, "SYN"),
    (FIN, "FIN"),
    (RST, "RST"),
    (PSH, "PSH"),
    (ACK, "ACK"),
    (URG, "URG"),
    (ECE, "ECE"),
    (CWR, "CWR"),
)
_PROTOCOLS = {4: "IPv4 in IP", 41: "IPv6 in IP", 47: "GRE", 50: "ESP", 51: "AH", 132: "SCTP", IGMP: "IGMP"}
_NAMES = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "arp": "ARP"}
_LINK_MESSAGES = frozenset({*range(130, 138), 143})  # listeners, routers, neighbours, redirects
_SOLICITATION, _ADVERTISEMENT = 135, 136
_QUESTION, _ANSWER = 1, 2
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\\": "\\\\"}


def short(packet: Packet, remarks: Remarks) -> str:
    """What stands on its arrow: `SYN`, `DATA 6, FIN`, `UDP 12`, `port unreachable`, `fragment 2 of UDP 5000`."""
    if packet.fragment is not None:
        return _piece(packet, remarks)
    if packet.tcp is not None:
        return _segment(packet, packet.tcp)
    if packet.icmp is not None:
        return _message(packet.icmp, packet)
    if packet.arp is not None:
        return _resolution(packet.arp)
    return f"UDP {packet.length}" if packet.kind == "udp" else name_of(packet)


def line(packet: Packet, remarks: Remarks) -> str:
    """All of it: between whom, what in short, then relative numbers, options, what it quotes and what is wrong with it.

    Notes are not in it.
    """
    words = short(packet, remarks)
    parts = [between(packet) if words == name_of(packet) else f"{between(packet)}: {words}"]
    if packet.tcp is not None and not packet.tcp.is_short:
        flags = " ".join(name for flag, name in _FLAGS if packet.tcp.flags & flag)
        parts += [f"flags {flags}"] if flags not in (words, "") else []
        parts += _numbers(packet.tcp, remarks)
    if packet.fragment is not None:
        parts += _extent(packet, remarks)
    if packet.icmp is not None:
        parts += _of_message(packet.icmp)
    if packet.about is not None:
        parts.append(f"about {between(packet.about)}, {short(packet.about, NOTHING)}")
    return ", ".join([*parts, *packet.flaws])


def between(packet: Packet) -> str:
    """The protocol and both ends: `TCP 10.0.0.2:40000 -> 10.0.0.1:51717`. Without addresses those of Ethernet."""
    name = name_of(packet)
    if packet.kind == "arp" and packet.link is not None:
        return f"{name} {packet.link.source_mac} -> {packet.link.mac}"
    if packet.source or packet.destination:
        source = _end(packet, packet.source, packet.source_port)
        return f"{name} {source} -> {_end(packet, packet.destination, packet.port)}"
    return name if packet.link is None else f"{name} {packet.link.source_mac} -> {packet.link.mac}"


def name_of(packet: Packet) -> str:
    """The protocol: `TCP`, `IGMP`, `IP protocol 253`, `Ethernet type 0x88cc`."""
    if packet.kind in _NAMES:
        return "ICMPv6" if packet.protocol == ICMPV6 else _NAMES[packet.kind]
    if packet.family:
        return _PROTOCOLS.get(packet.protocol, f"IP protocol {packet.protocol}")
    if packet.kind == "ip":
        return "IP"
    return "no Ethernet frame" if packet.link is None else f"Ethernet type 0x{packet.link.carries:04x}"


def is_noise(packet: Packet) -> bool:
    """Whether it is of the link itself: ARP, neighbours and routers, and who listens to which multicast group."""
    if packet.kind == "icmp":
        return packet.protocol == ICMPV6 and packet.icmp is not None and packet.icmp.type in _LINK_MESSAGES
    return packet.kind == "arp" or packet.protocol == IGMP


def text_of(payload: bytes) -> str:
    """The beginning of a payload as people read it: UTF-8, with escapes (`\\n`, `\\0`, `\\x1b`) for what can't be seen.

    At most LONGEST_TEXT characters; `…` where something was left out.
    """
    words = [_visible(character) for character in payload[: LONGEST_TEXT * 4].decode("utf-8", "surrogateescape")]
    if len(payload) <= LONGEST_TEXT * 4 and sum(map(len, words)) <= LONGEST_TEXT:
        return "".join(words)
    text = ""
    for word in words:
        if len(text) + len(word) >= LONGEST_TEXT:
            break
        text += word
    return f"{text}…"


def _visible(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _end(packet: Packet, address: str, port: int) -> str:
    if packet.kind not in ("tcp", "udp") or not (packet.source_port or packet.port):
        return address
    return f"[{address}]:{port}" if packet.family == 6 else f"{address}:{port}"


def _segment(packet: Packet, tcp: Tcp) -> str:
    if tcp.is_short:
        return "a segment"
    words = []
    if tcp.flags & SYN:
        words.append("SYN ACK" if tcp.flags & ACK else "SYN")
    if tcp.flags & RST:
        words.append("RST")
    if packet.length:
        words.append(f"DATA {packet.length}")
    if tcp.flags & FIN:
        words.append("FIN")
    if not words:
        words.append("ACK" if tcp.flags & ACK else "no flags")
    if tcp.flags & URG:
        words.append("URG")
    return ", ".join(words)


def _message(icmp: Icmp, packet: Packet) -> str:
    if packet.protocol == ICMPV6 and icmp.target:
        if icmp.type == _SOLICITATION:
            return f"who has {icmp.target}?"
        if icmp.type == _ADVERTISEMENT:
            return f"{icmp.target} is at {icmp.mac}" if icmp.mac else f"{icmp.target} is here"
    return icmp.name


def _resolution(arp: Arp) -> str:
    """A question for one's own address tells it to all (RFC 5227, 2.3)."""
    if arp.operation == _ANSWER or (arp.operation == _QUESTION and arp.sender == arp.target):
        return f"{arp.sender} is at {arp.sender_mac}"
    return f"who has {arp.target}?" if arp.operation == _QUESTION else f"ARP operation {arp.operation}"


def _piece(packet: Packet, remarks: Remarks) -> str:
    if remarks.datagram is None:
        return f"fragment of {name_of(packet)}"
    number = f" {remarks.number}" if remarks.number else ""
    length = "" if remarks.datagram.length is None else f" {remarks.datagram.length}"
    return f"fragment{number} of {name_of(remarks.datagram.whole or packet)}{length}"


def _extent(packet: Packet, remarks: Remarks) -> list[str]:
    assert packet.fragment is not None
    start, size = packet.fragment.offset, len(packet.fragment.data)
    parts = [f"id {packet.fragment.id}", f"{_bytes(start, start + size)} of what IP carries"]
    for since, to in remarks.datagram.missing if remarks.datagram is not None else ():
        parts.append(f"what follows byte {since - 1} never came" if to is None else f"{_bytes(since, to)} never came")
    return parts


def _bytes(since: int, to: int) -> str:
    return f"byte {since}" if to == since + 1 else f"bytes {since} to {to - 1}"


def _numbers(tcp: Tcp, remarks: Remarks) -> list[str]:
    is_known = remarks.connection is not None
    parts = [f"sequence {remarks.sequence if is_known else tcp.sequence}"]
    acknowledgement = remarks.acknowledgement if is_known else tcp.acknowledgement
    if acknowledgement is not None and tcp.flags & ACK:
        parts.append(f"acknowledges {acknowledgement}")
    is_scaled = remarks.window is not None
    parts.append(f"window {remarks.window}" if is_scaled else f"window {tcp.window} before scaling")
    if remarks.stream_offset is not None:
        parts.append(f"{_bytes(remarks.stream_offset, remarks.stream_offset + remarks.length)} of the stream")
    if tcp.flags & URG:
        parts.append(f"urgent up to {tcp.urgent}")
    return parts + _options(tcp, acknowledgement)


def _options(tcp: Tcp, acknowledgement: int | None) -> list[str]:
    parts = [] if tcp.mss is None else [f"MSS {tcp.mss}"]
    if tcp.scale is not None:
        parts.append(f"window scale {tcp.scale}")
    if tcp.may_sack:
        parts.append("SACK permitted")
    for block in tcp.sacks:
        since, to = (_counted(edge, tcp.acknowledgement, acknowledgement or 0) for edge in block)
        parts.append(f"SACK {since} to {to}")
    if tcp.timestamps is not None:
        parts.append(f"timestamps {tcp.timestamps[0]} {tcp.timestamps[1]}")
    return parts + [f"option {kind}" for kind in tcp.others]


def _counted(edge: int, raw: int, counted: int) -> int:
    """A number of a SACK block, counted as the acknowledgement is: the one nearest to it."""
    ahead = (edge - raw) & 0xFFFFFFFF
    return counted + (ahead - (1 << 32) if ahead >= 1 << 31 else ahead)


def _of_message(icmp: Icmp) -> list[str]:
    parts = []
    if icmp.target:
        parts.append(f"{icmp.name} of {icmp.target}")
    if icmp.identifier is not None:
        parts += [f"identifier {icmp.identifier}", f"sequence {icmp.sequence}"]
    if icmp.mtu is not None:
        parts.append(f"MTU {icmp.mtu}")
    return parts + [f"group {group}" for group in icmp.groups]
