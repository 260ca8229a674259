"""Words about packets -> the bytes of their frames, with checksums that are right; and whole conversations of them."""

from __future__ import annotations

import ipaddress
import struct

from labctl.observe.packet.model import ACK, ARP, ICMP, ICMPV6, IPV4, IPV6, PSH, SYN, TCP, UDP
from tests.unit.sidecar.packets import folded

CLIENT, SERVER = "10.51.0.2", "10.51.0.1"
CLIENT6, SERVER6 = "fd51:717::2", "fd51:717::1"
CLIENT_MAC, SERVER_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01"
CLIENT_PORT, PORT = 40000, 51717
_CHECKSUM_AT = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}
USUAL_SYN = bytes.fromhex("020405b40402080a000000010000000001030307")
"""The options of a SYN as Linux sends it: MSS 1460, SACK permitted, timestamps 1 0, window scale 7."""


def mac(text: str) -> bytes:
    """An Ethernet address as bytes."""
    return bytes.fromhex(text.replace(":", ""))


def ethernet(body: bytes, carries: int, *, source_mac: str = CLIENT_MAC, to_mac: str = SERVER_MAC) -> bytes:
    """A frame."""
    return mac(to_mac) + mac(source_mac) + struct.pack("!H", carries) + body


def tagged(frame: bytes, vlan: int, *, tag: int = 0x8100) -> bytes:
    """The same frame with a VLAN tag, and a priority in it."""
    return frame[:12] + struct.pack("!HH", tag, 0x6000 | vlan) + frame[12:]


def tcp(
    payload: bytes = b"",
    *,
    flags: int = ACK,
    sequence: int = 1,
    acknowledgement: int = 0,
    window: int = 502,
    options: bytes = b"",
    urgent: int = 0,
    ports: tuple[int, int] = (CLIENT_PORT, PORT),
) -> bytes:
    """A segment without its IP header."""
    size = (20 + len(options)) // 4 << 4
    numbers = (sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF)
    return struct.pack("!HHIIBBHHH", *ports, *numbers, size, flags, window, 0, urgent) + options + payload


def udp(payload: bytes = b"hello", *, ports: tuple[int, int] = (CLIENT_PORT, PORT)) -> bytes:
    """A datagram without its IP header."""
    return struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload


def icmp(type_: int, code: int = 0, rest: bytes = bytes(4), body: bytes = b"") -> bytes:
    """A message of either family without its IP header. `rest`: the four bytes after the checksum."""
    return struct.pack("!BBH", type_, code, 0) + rest + body


def ip4(
    body: bytes,
    protocol: int = TCP,
    *,
    source: str = CLIENT,
    to: str = SERVER,
    options: bytes = b"",
    id: int = 1,
    fragment: int = 0,
) -> bytes:
    """An IPv4 packet. `fragment`: flags and offset as they stand in the header."""
    size = 20 + len(options) + len(body)
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(to).packed
    head = (
        struct.pack("!BBHHHBBH", 0x40 | 5 + len(options) // 4, 0, size, id, fragment, 64, protocol, 0) + ends + options
    )
    head = head[:10] + struct.pack("!H", folded(head) ^ 0xFFFF) + head[12:]
    pseudo = b"" if protocol == ICMP else ends + struct.pack("!II", len(body), protocol)
    return head + (body if fragment else sealed(body, protocol, pseudo))


def ip6(
    body: bytes,
    protocol: int = TCP,
    *,
    source: str = CLIENT6,
    to: str = SERVER6,
    extensions: bytes = b"",
    first: int | None = None,
) -> bytes:
    """An IPv6 packet. `first`: the kind of the first of its `extensions`; they end with `protocol`."""
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(to).packed
    size = len(extensions) + len(body)
    head = struct.pack("!IHBB", 6 << 28, size, protocol if first is None else first, 64) + ends
    is_piece = 44 in (first, *extensions[:1])
    pseudo = ends + struct.pack("!II", len(body), protocol)
    return head + extensions + (body if is_piece else sealed(body, protocol, pseudo))


def sealed(body: bytes, protocol: int, pseudo: bytes) -> bytes:
    """The body with its checksum."""
    at = _CHECKSUM_AT.get(protocol)
    if at is None:
        return body
    return body[:at] + struct.pack("!H", folded(pseudo + body) ^ 0xFFFF) + body[at + 2 :]


def frame4(body: bytes, protocol: int = TCP, **more: str | int | bytes) -> bytes:
    """An IPv4 packet in its frame. `more` is what ip4 takes."""
    return ethernet(ip4(body, protocol, **more), IPV4)  # type: ignore[arg-type]  # each has the type that ip4 says


def frame6(body: bytes, protocol: int = TCP, **more: str | int | bytes) -> bytes:
    """An IPv6 packet in its frame. `more` is what ip6 takes."""
    return ethernet(ip6(body, protocol, **more), IPV6)  # type: ignore[arg-type]  # each has the type that ip6 says


def arp(operation: int, sender: str = CLIENT, target: str = SERVER, target_mac: str = "00:00:00:00:00:00") -> bytes:
    """An ARP packet in its frame."""
    ends = mac(CLIENT_MAC) + ipaddress.ip_address(sender).packed + mac(target_mac) + ipaddress.ip_address(target).packed
    return ethernet(struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + ends, ARP)


def pieces4(body: bytes, protocol: int = UDP, *, size: int = 1480, id: int = 7) -> list[bytes]:
    """A packet in fragments, each in its frame. The body's checksum is made before it is cut up."""
    whole = ip4(body, protocol)[20:]
    found = []
    for at in range(0, len(whole), size):
        more = 0x2000 if at + size < len(whole) else 0
        found.append(frame4(whole[at : at + size], protocol, id=id, fragment=more | at // 8))
    return found


def pieces6(body: bytes, protocol: int = UDP, *, size: int = 1448, id: int = 7, inner: bytes = b"") -> list[bytes]:
    """The same for IPv6. `inner`: a destination options header that is cut up with the rest."""
    whole = inner + ip6(body, protocol)[40:]
    found = []
    for at in range(0, len(whole), size):
        more = 1 if at + size < len(whole) else 0
        header = struct.pack("!BBHI", 60 if inner else protocol, 0, at | more, id)
        found.append(frame6(whole[at : at + size], protocol, extensions=header, first=44))
    return found


class Talk:
    """A TCP conversation in the making: `frames` are what both sides send, in order.

    Numbers are those of RFC 9293, relative to each side's first; segments say by themselves what they acknowledge:
    all that the other side has sent, unless `acknowledges` says something else.
    """

    def __init__(
        self,
        *,
        is_v6: bool = False,
        client_isn: int = 1000,
        server_isn: int = 0xFFFFFFF0,
        client_port: int = CLIENT_PORT,
    ) -> None:
        self.frames: list[bytes] = []
        self._ports = (client_port, PORT)
        self._is_v6 = is_v6
        self._isn = {True: client_isn, False: server_isn}
        self._next = {True: 0, False: 0}

    def opened(self, *, scale: bool = True) -> Talk:
        """The three segments that open it. Without `scale` no options are offered."""
        options = USUAL_SYN if scale else b""
        self.client(flags=SYN, window=64240, options=options)
        self.server(flags=SYN | ACK, window=65160, options=options)
        return self.client()

    def client(self, payload: bytes = b"", **more: int | bytes) -> Talk:
        """The client sends. `more` is what tcp takes; `sequence` and `acknowledges` are relative."""
        return self._send(True, payload, more)

    def server(self, payload: bytes = b"", **more: int | bytes) -> Talk:
        """The server sends."""
        return self._send(False, payload, more)

    def _send(self, is_client: bool, payload: bytes, more: dict[str, int | bytes]) -> Talk:
        flags = int(more.pop("flags", ACK | PSH if payload else ACK))
        at = int(more.pop("sequence", self._next[is_client]))
        acknowledges = int(more.pop("acknowledges", self._next[not is_client]))
        end = at + len(payload) + bool(flags & SYN) + bool(flags & 1)
        self._next[is_client] = max(self._next[is_client], end)
        segment = tcp(
            payload,
            flags=flags,
            sequence=self._isn[is_client] + at,
            acknowledgement=self._isn[not is_client] + acknowledges if flags & ACK else 0,
            ports=self._ports if is_client else self._ports[::-1],
            **more,  # type: ignore[arg-type]  # each has the type that tcp says
        )
        ends = (CLIENT6, SERVER6) if self._is_v6 else (CLIENT, SERVER)
        source, to = ends if is_client else ends[::-1]
        macs = (CLIENT_MAC, SERVER_MAC) if is_client else (SERVER_MAC, CLIENT_MAC)
        body = ip6(segment, source=source, to=to) if self._is_v6 else ip4(segment, source=source, to=to)
        self.frames.append(ethernet(body, IPV6 if self._is_v6 else IPV4, source_mac=macs[0], to_mac=macs[1]))
        return self
