"""What a link does to packets: rules as values, and what a rule says of a sender's n-th packet. Pure.

A rule comes as JSON from labctl. Of each sender it counts the packets that it is about, from 1; all chance is drawn
from its seed and the sender's name, so that two runs with the same packets decide alike.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from labctl.sidecar.packet import ICMP, TCP, UDP, Packet

Json = dict[str, Any]  # Any: JSON's own types, as labctl.fault writes them

ORDER = ("rate", "cut", "drop", "corrupt", "duplicate", "reorder", "delay")
"""In this order a packet passes."""

_PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}


class Only(NamedTuple):
    """Packets of a protocol, and of a port at either side. None is any."""

    protocol: int | None
    port: int | None

    def holds(self, packet: Packet) -> bool:
        """Whether a packet is one of these."""
        if self.protocol is not None and packet.protocol != self.protocol:
            return False
        return self.port is None or self.port in (packet.port, packet.source_port)


def only_from(values: Json | None) -> Only:
    """`{"protocol": "udp", "port": 51717}`, both optional."""
    values = values or {}
    return Only(_PROTOCOLS[values["protocol"]] if values.get("protocol") else None, values.get("port"))


class Which(NamedTuple):
    """Which of the packets: exactly one of these is set."""

    ordinals: frozenset[int] = frozenset()
    share: float = 0.0
    burst: float = 1.0
    first: int = 0
    every: int = 0
    contains: bytes = b""


def which_from(values: Json) -> Which:
    """`{"ordinals": [2, 4]}`, `{"share": 0.2, "burst": 3.5}`, `{"first": 3}`, `{"every": 5}`, `{"contains": TEXT}`."""
    return Which(
        ordinals=frozenset(values.get("ordinals", ())),
        share=values.get("share", 0.0),
        burst=values.get("burst", 1.0),
        first=values.get("first", 0),
        every=values.get("every", 0),
        contains=values.get("contains", "").encode(),
    )


class Rule(NamedTuple):
    """One fault of one direction. `senders` None: whoever sends. Times in nanoseconds, the rate in bits a second."""

    name: str
    fault: str
    senders: frozenset[bytes] | None
    only: Only
    which: Which
    seed: int
    answer: str
    is_visible: bool
    hold: int
    delay_ns: int
    jitter_ns: int
    rate: float
    queue_ns: int

    def is_about(self, packet: Packet) -> bool:
        """Whether it counts this packet."""
        return (self.senders is None or packet.source in self.senders) and self.only.holds(packet)


def rule_from(values: Json) -> Rule:
    """A rule from its JSON: `senders` as hex addresses."""
    senders = values.get("senders")
    return Rule(
        name=values["name"],
        fault=values["fault"],
        senders=None if senders is None else frozenset(bytes.fromhex(address) for address in senders),
        only=only_from(values.get("only")),
        which=which_from(values.get("which", {})),
        seed=values.get("seed", 1),
        answer=values.get("answer", "silent"),
        is_visible=values.get("visible", False),
        hold=values.get("hold", 1),
        delay_ns=values.get("delay_ns", 0),
        jitter_ns=values.get("jitter_ns", 0),
        rate=values.get("rate", 0.0),
        queue_ns=values.get("queue_ns", 0),
    )


class Counter:
    """One rule and one sender: how many packets came, and which of them are chosen."""

    def __init__(self, rule: Rule, sender: str) -> None:
        self.came = 0
        self.chosen = 0
        self._which = rule.which
        name = rule.name.rpartition("/")[2]  # what stands before says only who put it there
        self._random = random.Random(f"{rule.seed} {name} {sender}")
        self._is_in_burst = False

    def chooses(self, payload: bytes) -> bool:
        """Count a packet with this payload; whether it is one of the chosen."""
        self.came += 1
        chosen = self._chooses(payload)
        self.chosen += chosen
        return chosen

    def draw(self) -> float:
        """A number from 0 to 1, excluded, of the rule's own chance."""
        return self._random.random()

    def _chooses(self, payload: bytes) -> bool:
        which = self._which
        if which.share:
            return self._is_unlucky(which.share, which.burst)
        if which.contains:
            return which.contains in payload
        if which.every:
            return self.came % which.every == 0
        return self.came <= which.first if which.first else self.came in which.ordinals

    def _is_unlucky(self, share: float, burst: float) -> bool:
        """Gilbert's model: bad times last `burst` packets in the mean, and take their share of all."""
        luck = self._random.random()
        if burst <= 1.0:
            return luck < share
        leaves, enters = 1.0 / burst, share / (burst * (1.0 - share)) if share < 1.0 else 1.0
        self._is_in_burst = luck >= leaves if self._is_in_burst else luck < enters
        return self._is_in_burst


def missing(rule: Rule, came: int, chosen: int) -> str:
    """What a rule was asked to choose and never saw, in words; empty when it saw all of it."""
    which = rule.which
    last = max(which.ordinals, default=which.first or which.every)
    if came < last:
        return f"packet {last} never came: there were {came}"
    if which.contains and not chosen:
        return f"no packet with {which.contains.decode()!r} came: there were {came}"
    if which.share and not came:
        return "no packet came"
    return ""
