"""Packets that arrive, and a clock that is given -> when each goes on, changed how, or not at all. Runs nothing.

What becomes of a packet is decided when it arrives, rule after rule in the order of `rules.ORDER`; only when it goes
on may be later. Every decision is told.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from labctl.sidecar.packet import Packet, damaged
from labctl.sidecar.rules import ORDER, Counter, Rule, missing


class Verdict(NamedTuple):
    """What becomes of a held packet. `answer`: how it is refused where it isn't simply lost."""

    number: int
    packet: Packet
    goes_on: bool
    answer: str = ""
    is_doubled: bool = False
    data: bytes | None = None


class Decision(NamedTuple):
    """What a rule did to a sender's n-th packet, and when it goes on (0: never, or not known yet)."""

    rule: str
    sender: str
    n: int
    action: str
    packet: Packet
    t_ns: int
    release_ns: int


class Shortfall(NamedTuple):
    """A rule that didn't do what was asked for, because the packets that it waited for never came."""

    rule: str
    sender: str
    what: str


class _Traveller:
    """A packet on its way. `delayed_by`: the rules that it waits for."""

    __slots__ = ("data", "delayed_by", "is_doubled", "new_data", "number", "packet", "passes_left", "sender")

    def __init__(self, number: int, packet: Packet, data: bytes, sender: str) -> None:
        self.number, self.packet, self.data, self.sender = number, packet, data, sender
        self.new_data: bytes | None = None
        self.is_doubled = False
        self.delayed_by: list[str] = []
        self.passes_left = 0

    def verdict(self) -> Verdict:
        return Verdict(self.number, self.packet, True, is_doubled=self.is_doubled, data=self.new_data)


class _Lane:
    """What one rule remembers of one sender. `last_ns`: rate: when the link is free again; delay: the last release."""

    def __init__(self, rule: Rule, sender: str) -> None:
        self.rule, self.sender = rule, sender
        self.counter = Counter(rule, sender)
        self.last_ns = 0
        self.held: list[_Traveller] = []


class Passage:
    """All rules of one receiver."""

    def __init__(self, names: Mapping[bytes, str], on_decision: Callable[[Decision], None]) -> None:
        """`names`: senders' names by their addresses."""
        self._names = names
        self._on_decision = on_decision
        self._rules: list[Rule] = []
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._waiting: list[tuple[int, int, _Traveller]] = []
        self._order = itertools.count()

    def put_in_force(self, rules: Iterable[Rule], now_ns: int) -> None:
        """Replace all rules at once. One that stays the same, name and all, goes on counting; others begin anew.

        What waits because of a rule that is gone goes on now.
        """
        before = {rule.name: rule for rule in self._rules}
        self._rules = sorted(rules, key=lambda rule: ORDER.index(rule.fault))
        stays = {rule.name for rule in self._rules if before.get(rule.name) == rule}
        gone = [lane for lane in self._lanes.values() if lane.rule.name not in stays]
        self._lanes = {place: lane for place, lane in self._lanes.items() if place[0] in stays}
        self._waiting = [
            (until if stays.issuperset(traveller.delayed_by) else now_ns, order, traveller)
            for until, order, traveller in self._waiting
        ]
        heapq.heapify(self._waiting)
        for lane in gone:
            for traveller in lane.held:
                self._schedule(traveller, now_ns)

    def shortfalls(self) -> list[Shortfall]:
        """What the rules in force were asked to choose and never saw, by now."""
        found = []
        for rule in self._rules:
            lanes = [lane for (name, _), lane in self._lanes.items() if name == rule.name]
            counts = [(lane.sender, lane.counter.came, lane.counter.chosen) for lane in lanes]
            for sender, came, chosen in counts or [("", 0, 0)]:
                if what := missing(rule, came, chosen):
                    found.append(Shortfall(rule.name, sender, what))
        return found

    def arrive(self, number: int, packet: Packet, data: bytes, now_ns: int) -> list[Verdict]:
        """Decide on a packet. The verdicts that are due at once; later ones come by `due`."""
        sender = self._names.get(packet.source, packet.source.hex())
        traveller = _Traveller(number, packet, data, sender)
        at_ns = now_ns
        reorders: list[_Lane] = []
        delays: list[_Lane] = []
        for rule in self._rules:
            if not rule.is_about(packet):
                continue
            lane = self._lane(rule, sender)
            if rule.fault == "reorder":
                reorders.append(lane)
            elif rule.fault == "delay":
                delays.append(lane)
            elif rule.fault == "rate":
                lane.counter.came += 1
                leaves_ns = max(at_ns, lane.last_ns) + round(len(data) * 8e9 / rule.rate)
                if max(at_ns, lane.last_ns) - at_ns > rule.queue_ns:
                    return self._lose(lane, packet, number, now_ns, "overflow")
                lane.last_ns = at_ns = leaves_ns
                traveller.delayed_by.append(rule.name)
            elif self._is_lost(lane, traveller, now_ns):
                return [Verdict(number, packet, False, answer=rule.answer if rule.fault == "cut" else "")]
        held_by = [lane for lane in reorders if self._holds(lane, traveller, now_ns)]
        if held_by:
            held_by[0].held.append(traveller)
        else:
            at_ns = self._delay(traveller, delays, at_ns, now_ns)
            self._schedule(traveller, at_ns)
            for lane in reorders:
                self._let_pass(lane, at_ns)
        return self.due(now_ns)

    def due(self, now_ns: int) -> list[Verdict]:
        """The verdicts whose time has come, in their order."""
        verdicts = []
        while self._waiting and self._waiting[0][0] <= now_ns:
            verdicts.append(heapq.heappop(self._waiting)[2].verdict())
        return verdicts

    def next_ns(self) -> int | None:
        """When the next one is due."""
        return self._waiting[0][0] if self._waiting else None

    def _lane(self, rule: Rule, sender: str) -> _Lane:
        place = (rule.name, sender)
        if place not in self._lanes:
            self._lanes[place] = _Lane(rule, sender)
        return self._lanes[place]

    def _is_lost(self, lane: _Lane, traveller: _Traveller, now_ns: int) -> bool:
        """Apply a rule that decides at once. Cut and drop lose what they choose; the others change it."""
        rule, packet = lane.rule, traveller.packet
        if rule.fault == "cut":
            lane.counter.came += 1
            self._tell(lane, "cut", packet, now_ns, 0)
            return True
        if not lane.counter.chooses(_payload(rule, traveller)):
            return False
        if rule.fault == "drop":
            self._tell(lane, "drop", packet, now_ns, 0)
            return True
        if rule.fault == "corrupt":
            place = int(lane.counter.draw() * max(packet.length, 1))
            data = traveller.new_data or traveller.data
            traveller.new_data = damaged(data, packet, place, is_visible=rule.is_visible)
        else:
            traveller.is_doubled = True
        self._tell(lane, rule.fault, packet, now_ns, now_ns)
        return False

    def _lose(self, lane: _Lane, packet: Packet, number: int, now_ns: int, action: str) -> list[Verdict]:
        self._tell(lane, action, packet, now_ns, 0)
        return [Verdict(number, packet, False), *self.due(now_ns)]

    def _holds(self, lane: _Lane, traveller: _Traveller, now_ns: int) -> bool:
        if not lane.counter.chooses(_payload(lane.rule, traveller)):
            return False
        traveller.passes_left = lane.rule.hold
        traveller.delayed_by.append(lane.rule.name)
        self._tell(lane, "hold", traveller.packet, now_ns, 0)
        return True

    def _let_pass(self, lane: _Lane, at_ns: int) -> None:
        """One has gone by: those that are held have one less to wait for, and go right after it once there is none."""
        still = []
        for traveller in lane.held:
            traveller.passes_left -= 1
            if traveller.passes_left:
                still.append(traveller)
            else:
                self._schedule(traveller, at_ns)
        lane.held = still

    def _delay(self, traveller: _Traveller, lanes: list[_Lane], at_ns: int, now_ns: int) -> int:
        for lane in lanes:
            rule, counter = lane.rule, lane.counter
            counter.came += 1
            wanders = round((2 * counter.draw() - 1) * rule.jitter_ns) if rule.jitter_ns else 0
            at_ns = lane.last_ns = max(at_ns + rule.delay_ns + wanders, lane.last_ns)
            traveller.delayed_by.append(rule.name)
        if traveller.delayed_by and lanes:
            self._tell(lanes[-1], "delay", traveller.packet, now_ns, at_ns)
        return at_ns

    def _schedule(self, traveller: _Traveller, at_ns: int) -> None:
        heapq.heappush(self._waiting, (at_ns, next(self._order), traveller))

    def _tell(self, lane: _Lane, action: str, packet: Packet, now_ns: int, release_ns: int) -> None:
        decision = Decision(lane.rule.name, lane.sender, lane.counter.came, action, packet, now_ns, release_ns)
        self._on_decision(decision)


def _payload(rule: Rule, traveller: _Traveller) -> bytes:
    """What a rule looks into; most don't."""
    return traveller.data[traveller.packet.start : traveller.packet.end] if rule.which.contains else b""
