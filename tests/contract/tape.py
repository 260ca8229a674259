"""Captures beside the hosts of a lab -> the packets of each, read without the help of what wrote them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from labctl.engine.contract import Channel, Purpose
from labctl.runner.capturing import Capturing
from tests.contract.hosts import PATIENCE_S, StandingLab
from tests.contract.waiting import until

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
TCP, UDP = 6, 17
FIN, SYN, ACK = 1, 2, 16


class Taped(NamedTuple):
    """A packet. `flags` 1: it left; 2: by loopback."""

    t_ns: int
    length: int
    flags: int
    data: bytes

    @property
    def kind(self) -> int:
        """Its EtherType."""
        return int.from_bytes(self.data[12:14], "big")

    @property
    def protocol(self) -> int | None:
        """Over IP; None for what is no IP."""
        return {IPV4: self.data[23], IPV6: self.data[20]}.get(self.kind)

    @property
    def segment(self) -> bytes:
        """From the header of TCP or UDP on."""
        return self.data[14 + (40 if self.kind == IPV6 else (self.data[14] & 15) * 4) :]

    @property
    def ports(self) -> tuple[int, int]:
        """From which to which."""
        source, to = struct.unpack_from("!HH", self.segment)
        return source, to

    @property
    def tcp_flags(self) -> int:
        return self.segment[13] & (FIN | SYN | ACK)


def untaped(body: bytes) -> list[Taped]:
    """The packets of a frame."""
    packets, at = [], 0
    while at < len(body):
        t_ns, kept, length, flags = struct.unpack_from("!QIIB", body, at)
        packets.append(Taped(t_ns, length, flags, body[at + 17 : at + 17 + kept]))
        at += 17 + kept
    return packets


class Tape:
    """What is recorded beside some hosts of a lab from now on. `problems`: what is said to be missing."""

    def __init__(self, lab: StandingLab, *hosts: str) -> None:
        self.hosts = hosts
        self.problems: list[str] = []
        self._lab = lab
        self._heard: dict[str, list[Taped]] = {host: [] for host in hosts}
        self._channels: dict[str, Channel] = {}
        self.capturing = Capturing(
            lab.conversation, hosts, lambda host, body: self._heard[host].extend(untaped(body)), self.problems.append
        )
        self.capturing.begin(self._attend)

    def _attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        self._channels |= self._lab.lab.attend(hosts, purpose=purpose)
        return self._channels

    def heard(self, host: str) -> list[Taped]:
        """The packets of a host that were told up to now."""
        return list(self._heard[host])

    def of(self, host: str) -> list[Taped]:
        """All packets of a host up to now, of which none was lost."""
        assert self.capturing.flush() == 0
        assert self.problems == []
        return self.heard(host)

    def datagrams(self, host: str, port: int, count: int = 0) -> list[Taped]:
        """Those of UDP to that port, when there are so many: what has left takes a moment until it arrives."""
        seen: list[Taped] = []

        def are_there() -> bool:
            seen[:] = [one for one in self.of(host) if one.protocol == UDP and one.ports[1] == port]
            return len(seen) >= count

        assert until(are_there, within_s=PATIENCE_S), seen
        return seen

    def segments(self, host: str, port: int) -> list[Taped]:
        """Those of TCP from or to that port."""
        return [one for one in self.of(host) if one.protocol == TCP and port in one.ports]

    def close(self) -> None:
        """Record no more."""
        for host in self.hosts:
            self.capturing.forget(host)
        for channel in self._channels.values():
            channel.close()
