"""Packets that arrive, and a clock that is given -> when each goes on, changed how, or not at all. Runs nothing.

What becomes of a packet is decided when it arrives, rule after rule in the order of `rules.ORDER`; only when it goes
on may be later. Every decision is told.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from labctl.sidecar.packet import MOST_FLOWS, Flow, Packet, damaged, flow_of, is_whole
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
    """What a rule did to a sender's n-th packet, and when it goes on (0: never, or not known yet).

    `action` is `hold` for one that waits until others have gone by, and `let-go` when they have, `slow` for one
    that a rate holds up; else what was done.
    """

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
    """A packet on its way. `delays`: what it will pass; `hindrances`: what has made it later, and by how much."""

    def __init__(self, number: int, packet: Packet, data: bytes, sender: str) -> None:
        self.number, self.packet, self.data, self.sender = number, packet, data, sender
        self.new_data: bytes | None = None
        self.is_doubled = False
        self.delays: list[_Lane] = []
        self.hindrances: list[tuple[_Lane, int]] = []
        self.n = self.passes_left = 0  # while it is held

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
        self._about: dict[Flow, list[Rule]] = {}
        self._waiting: list[tuple[int, int, _Traveller]] = []
        self._order = itertools.count()

    def put_in_force(self, rules: Iterable[Rule], now_ns: int) -> None:
        """Replace all rules at once. One that stays the same, name and all, goes on counting; others begin anew.

        One that has lost some of its senders stays the same for the others. What waits because of a rule that is
        gone waits no longer for that one.
        """
        before = {rule.name: rule for rule in self._rules}
        self._rules = sorted(rules, key=lambda rule: ORDER.index(rule.fault))
        self._about.clear()
        stays = {rule.name: rule for rule in self._rules if _goes_on(before.get(rule.name), rule)}
        lanes = list(self._lanes.values())
        self._lanes = {place: lane for place, lane in self._lanes.items() if place[0] in stays}
        for lane in self._lanes.values():
            lane.rule = stays[lane.rule.name]
        self._reschedule(now_ns)
        for lane in lanes:
            held = lane.held
            lane.held = [traveller for traveller in held if self._is_in_force(lane, traveller.packet)]
            for traveller in held:
                if traveller not in lane.held:
                    self._let_go(lane, traveller, now_ns, now_ns)

    def _is_in_force(self, lane: _Lane, packet: Packet) -> bool:
        return self._lanes.get((lane.rule.name, lane.sender)) is lane and lane.rule.is_about(packet)

    def _reschedule(self, now_ns: int) -> None:
        """What rules that are gone have made later comes earlier, yet in the order that delays keep."""
        for lane in self._lanes.values():
            if lane.rule.fault == "delay":
                lane.last_ns = 0
        waiting = []
        for until_ns, order, traveller in sorted(self._waiting, key=lambda entry: entry[:2]):
            hindrances = [each for each in traveller.hindrances if self._is_in_force(each[0], traveller.packet)]
            if len(hindrances) < len(traveller.hindrances):
                gone_ns = sum(ns for _, ns in traveller.hindrances) - sum(ns for _, ns in hindrances)
                until_ns, traveller.hindrances = max(now_ns, until_ns - gone_ns), hindrances
            delays = [lane for lane, _ in hindrances if lane.rule.fault == "delay"]
            until_ns = max([until_ns, *(lane.last_ns for lane in delays)])
            for lane in delays:
                lane.last_ns = until_ns
            waiting.append((until_ns, order, traveller))
        self._waiting = waiting
        heapq.heapify(self._waiting)

    def shortfalls(self) -> list[Shortfall]:
        """What the rules in force were asked to choose and never saw, by now."""
        found = []
        for rule in self._rules:
            lanes = [lane for (name, _), lane in self._lanes.items() if name == rule.name]
            counts = [(lane.sender, lane.counter.came, lane.counter.chosen) for lane in lanes]
            for sender, came, chosen in counts or [("", 0, 0)]:
                if what := missing(rule, came, chosen):
                    found.append(Shortfall(rule.name, sender, what))
            if rule.which.ordinals:  # by chance, or every so many: the last one may well be among them
                found += [_never_passed(lane, held) for lane in lanes for held in lane.held]
        return found

    def lets_pass(self, packet: Packet) -> bool:
        """Whether no rule is about it and no other one waits: then it goes on at once, without `arrive`."""
        return not self._waiting and not self._rules_about(packet)

    def arrive(self, number: int, packet: Packet, data: bytes, now_ns: int) -> list[Verdict]:
        """Decide on a packet. The verdicts that are due at once; later ones come by `due`."""
        sender = self._names.get(packet.source, packet.source.hex())
        traveller = _Traveller(number, packet, data, sender)
        at_ns = now_ns
        reorders: list[_Lane] = []
        for rule in self._rules_about(packet):
            lane = self._lane(rule, sender)
            if rule.fault == "reorder":
                reorders.append(lane)
            elif rule.fault == "delay":
                traveller.delays.append(lane)
            elif rule.fault == "rate":
                lane.counter.came += 1
                begins_ns = max(at_ns, lane.last_ns)
                if begins_ns - at_ns > rule.queue_ns:
                    return self._lose(lane, packet, number, now_ns, "overflow")
                lane.last_ns = begins_ns + round(len(data) * 8e9 / rule.rate)
                traveller.hindrances.append((lane, lane.last_ns - at_ns))
                at_ns = lane.last_ns
                self._tell(lane, "slow", packet, now_ns, at_ns)
            elif self._is_lost(lane, traveller, now_ns):
                return [Verdict(number, packet, False, answer=rule.answer if rule.fault == "cut" else "")]
        holding = [lane for lane in reorders if self._holds(lane, traveller)]
        if holding:
            holding[0].held.append(traveller)
            traveller.n, traveller.passes_left = holding[0].counter.came, holding[0].rule.hold
            self._tell(holding[0], "hold", packet, now_ns, 0)
        else:
            self._send_on(traveller, at_ns, now_ns)
            for lane in reorders:
                self._let_pass(lane, at_ns, now_ns)
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

    def _rules_about(self, packet: Packet) -> list[Rule]:
        flow = flow_of(packet)
        rules = self._about.get(flow)
        if rules is None:
            rules = [rule for rule in self._rules if rule.is_about(packet)]
            if len(self._about) >= MOST_FLOWS:
                self._about.clear()
            self._about[flow] = rules
        return rules

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
            if not is_whole(traveller.data):
                raise ValueError("a packet of more than 65531 bytes can't be damaged: no more of it can be had")
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

    def _holds(self, lane: _Lane, traveller: _Traveller) -> bool:
        return lane.counter.chooses(_payload(lane.rule, traveller))

    def _let_pass(self, lane: _Lane, at_ns: int, now_ns: int) -> None:
        """One has gone by: those that are held have one less to wait for, and go right after it once there is none."""
        held, lane.held = lane.held, []
        for traveller in held:
            traveller.passes_left -= 1
            if traveller.passes_left:
                lane.held.append(traveller)
            else:
                self._let_go(lane, traveller, at_ns, now_ns)

    def _let_go(self, lane: _Lane, traveller: _Traveller, at_ns: int, now_ns: int) -> None:
        """It was held, and goes on."""
        self._on_decision(Decision(lane.rule.name, lane.sender, traveller.n, "let-go", traveller.packet, now_ns, at_ns))
        self._send_on(traveller, at_ns, now_ns)

    def _send_on(self, traveller: _Traveller, at_ns: int, now_ns: int) -> None:
        """It goes on at that moment, or later: what delays it does so from there on."""
        for lane in traveller.delays:
            if not self._is_in_force(lane, traveller.packet):
                continue
            rule, counter = lane.rule, lane.counter
            counter.came += 1
            wanders = round((2 * counter.draw() - 1) * rule.jitter_ns) if rule.jitter_ns else 0
            lane.last_ns = max(at_ns + rule.delay_ns + wanders, lane.last_ns)
            traveller.hindrances.append((lane, lane.last_ns - at_ns))
            at_ns = lane.last_ns
            self._tell(lane, "delay", traveller.packet, now_ns, at_ns)
        heapq.heappush(self._waiting, (at_ns, next(self._order), traveller))

    def _tell(self, lane: _Lane, action: str, packet: Packet, now_ns: int, release_ns: int) -> None:
        decision = Decision(lane.rule.name, lane.sender, lane.counter.came, action, packet, now_ns, release_ns)
        self._on_decision(decision)


def _goes_on(former: Rule | None, rule: Rule) -> bool:
    """Whether it is the former rule, perhaps with fewer senders."""
    if former is None or former.senders is None or rule.senders is None:
        return former == rule
    return rule.senders <= former.senders and former._replace(senders=rule.senders) == rule


def _never_passed(lane: _Lane, held: _Traveller) -> Shortfall:
    what = f"packet {held.n} is still held back: {held.passes_left} more never came"
    return Shortfall(lane.rule.name, lane.sender, what)


def _payload(rule: Rule, traveller: _Traveller) -> bytes:
    """What a rule looks into; most don't."""
    return traveller.data[traveller.packet.start : traveller.packet.end] if rule.which.contains else b""
