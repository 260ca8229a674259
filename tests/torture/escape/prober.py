"""Targets on standard input -> every way to them that an ordinary program has; what answered, on standard output.

Run as a program on a host of a lab, and on the machine itself as the control. Stdlib only. What is sent carries the
token, so that whoever it reached can say so, too: of a datagram nobody here hears whether it arrived.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

IP_OPTIONS, IP_PKTINFO, IP_FREEBIND = 4, 8, 15  # linux/in.h
_AT_ONCE = 15
"""Targets: a socket for each way to each, of the thousand that a program may have open."""

_ECHO = {socket.AF_INET: (socket.IPPROTO_ICMP, 8, 0), socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128, 129)}
Socket = socket.socket
Way = Callable[[Socket], object]


def ways(device: str) -> dict[str, Way]:
    """How a socket may be made to go around the routes, by name."""
    name = device.encode() + b"\0"

    def to_device(one: Socket) -> None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)

    def on_link(one: Socket) -> None:
        to_device(one)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)

    def as_somebody(one: Socket) -> None:
        one.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        to_device(one)
        one.bind(("127.0.0.1", 0) if one.family == socket.AF_INET else ("::1", 0))

    def by_source_route(one: Socket) -> None:
        to_device(one)
        one.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, bytes([131, 7, 4, *socket.inet_aton("127.0.0.1"), 0]))

    def broadly(one: Socket) -> None:
        to_device(one)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    return {
        "plainly": lambda one: None,
        "by its interface": to_device,
        "on link": on_link,
        "as somebody else": as_somebody,
        "by a source route": by_source_route,
        "as a broadcast": broadly,
    }


def places(address: str, port: int, device: str) -> Iterator[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """An address as a socket takes it: of a link on this interface, an IPv4 one as IPv6 too."""
    if ":" not in address:
        yield socket.AF_INET, (address, port)
        yield socket.AF_INET6, (f"::ffff:{address}", port, 0, 0)
    elif address.lower().startswith(("fe80", "ff")):
        yield socket.AF_INET6, (address, port, 0, socket.if_nametoindex(device))
    else:
        yield socket.AF_INET6, (address, port, 0, 0)


class Prober:
    """Everything that is under way. `answered`: what an answer came from, in words."""

    def __init__(self, token: str, device: str) -> None:
        self._token, self._device = token, device
        self._waiting: dict[Socket, tuple[str, str]] = {}
        self.sent = 0
        self.answered: set[str] = set()

    def probe(self, address: str, port: int) -> None:
        """By every protocol and way."""
        for family, place in places(address, port, self._device):
            for name, way in ways(self._device).items():
                for kind in ("tcp", "udp", "ping"):
                    if kind != "ping" or _may_be_pinged(str(place[0])):
                        self._try(kind, family, place, name, way)
            self._by_packet_info(family, place)

    def _try(self, kind: str, family: socket.AddressFamily, place: tuple[object, ...], name: str, way: Way) -> None:
        words = f"{kind} {place[0]} {name}"
        try:
            one = self._socket(kind, family)
        except OSError:
            return
        try:
            way(one)
            if kind == "tcp":
                one.connect_ex(place)
            else:
                one.sendto(self._text(words) if kind == "udp" else self._echo(family), place)
        except OSError:
            one.close()
            return
        self.sent += 1
        self._waiting[one] = (kind, words)

    def _by_packet_info(self, family: socket.AddressFamily, place: tuple[object, ...]) -> None:
        """The interface in a control message (ip(7), IP_PKTINFO), which no filter of system calls sees."""
        if family != socket.AF_INET:
            return
        words = f"udp {place[0]} by packet info"
        info = struct.pack("=i4s4s", socket.if_nametoindex(self._device), bytes(4), bytes(4))
        one = self._socket("udp", family)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
            one.sendmsg([self._text(words)], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, place)
        except OSError:
            one.close()
            return
        self.sent += 1
        self._waiting[one] = ("udp", words)

    def _socket(self, kind: str, family: socket.AddressFamily) -> Socket:
        if kind == "ping":
            one = socket.socket(family, socket.SOCK_DGRAM, _ECHO[family][0])
        else:
            one = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        one.setblocking(False)
        return one

    def _text(self, words: str) -> bytes:
        return f"{self._token} {words}".encode()

    def _echo(self, family: socket.AddressFamily) -> bytes:
        return struct.pack("!BBHHH", _ECHO[family][1], 0, 0, 1, 1) + self._token.encode()

    def listen(self, patience_s: float) -> None:
        """Take answers for so long, and let go of what is under way."""
        until = time.monotonic() + patience_s
        poller = select.poll()
        known = {}
        for one, (kind, _) in self._waiting.items():
            poller.register(one, select.POLLOUT if kind == "tcp" else select.POLLIN)
            known[one.fileno()] = one
        while (left_s := until - time.monotonic()) > 0:
            for descriptor, _ in poller.poll(left_s * 1000):
                poller.unregister(descriptor)
                self._look(known[descriptor])
        for one in self._waiting:
            one.close()
        self._waiting.clear()

    def _look(self, one: Socket) -> None:
        kind, words = self._waiting[one]
        try:
            if kind == "tcp":
                if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    one.send(self._text(words))
                    self.answered.add(words)
                return
            data = one.recv(2048)
        except OSError:
            return
        is_echo = kind == "ping" and data[:1] in (b"\0", b"\x81")
        if is_echo or (kind == "udp" and data == b"heard"):
            self.answered.add(words)


def _may_be_pinged(address: str) -> bool:
    """Not what is the prober's own wherever it runs, and IPv4 as such only."""
    return address not in ("127.0.0.1", "::1") and not address.startswith("::ffff:")


def main() -> None:
    """Probe what is asked for."""
    asked = json.load(sys.stdin)
    prober = Prober(asked["token"], asked["device"])
    targets = asked["targets"]
    for at in range(0, len(targets), _AT_ONCE):
        for address, port in targets[at : at + _AT_ONCE]:
            prober.probe(address, port)
        prober.listen(asked["patience_s"])
    print(json.dumps({"sent": prober.sent, "answered": sorted(prober.answered), "uid": os.getuid()}))


if __name__ == "__main__":
    main()
