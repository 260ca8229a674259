"""Packets at a receiver's door, and what rules decided there -> what became of each. Pure.

A packet is recorded before rules see it. Sidecars tell what they decided about which packet by what they know of it:
sender, protocol, ports, sequence number and length, and which of those that look alike it was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from labctl.observe.chronicle import Decided, InForce, RuleTold
from labctl.observe.network.journeys import Door, Journey
from labctl.observe.packet import Packet
from labctl.observe.story import Fate
from labctl.sidecar.packet import ICMP, ICMPV6, TCP, parse

_ETHERNET = 14
_LONGEST_FRAME = 1514
_GRAVITY: dict[Fate, int] = {"arrived": 0, "late": 1, "damaged": 2, "vanished": 3, "refused": 4, "lost": 5}
_HOLD_NOTHING = ("duplicate", "corrupt")
"""What is done at once. When a sidecar came to it isn't later than it let others go that no rule is about."""

_THROWN_AWAY = "; its kernel threw it away"
_PARTLY_THROWN_AWAY = "; its kernel threw a part of it away"

Kind = tuple[str, int, int, int, int, int]
"""Sender, protocol, source port, port, sequence number, length: what a sidecar knows a packet by."""


class Outcome(Struct, frozen=True):
    """What became of a packet at a door. `at_ns`: when it was let in; for one that never was, when it came.

    Of a segment that came to rules in parts it is when the first of them was let in. `rule`: which one decided, and
    behind a semicolon what else is to be said of it. `is_thrown_away`: by the kernel, because of its checksum.
    """

    fate: Fate
    at_ns: int
    rule: str = ""
    copies: int = 1
    is_thrown_away: bool = False


class Fates:
    """What rules decided. Doors are asked about in the order in which packets came to them."""

    def __init__(self, decided: Iterable[Decided], in_force: Iterable[InForce]) -> None:
        self._words = {rule.name: rule for change in in_force for rule in change.rules}
        self._changes: dict[str, list[InForce]] = defaultdict(list)
        for change in sorted(in_force, key=lambda change: change.at_ns):
            self._changes[change.host].append(change)
        self._decided: dict[tuple[str, Kind], dict[int, list[Decided]]] = {}
        for one in decided:
            kind = (one.sender, one.protocol, one.source_port, one.port, one.sequence, one.length)
            self._decided.setdefault((one.host, kind), {}).setdefault(one.same, []).append(one)
        self._seen: dict[tuple[str, Kind], int] = defaultdict(int)
        self._flows: dict[tuple[object, ...], list[Kind]] = defaultdict(list)
        for host, kind in self._decided:
            self._flows[host, *kind[:4]].append(kind)

    def of(self, journey: Journey, door: Door, whole: Packet | None) -> Outcome:
        """What became of it there. `whole`: of a fragment, the datagram put together, where all of it was sent."""
        fragment = journey.packet.fragment
        rules = self._rules_at(door)
        if fragment is not None and fragment.offset and (rule := _loses(rules, journey)):
            return Outcome("lost", door.came_ns, rule.words)
        kind = _kind(journey, whole)
        if kind is None:
            return Outcome("arrived", door.came_ns)
        if fragment is None or not fragment.offset:
            self._seen[door.host, kind] += 1
        if kind[1] == TCP and len(journey.data) > _LONGEST_FRAME and (door.host, kind) not in self._decided:
            return self._of_parts(door, kind)
        return self._outcome(self._decisions((door.host, kind)), door)

    def _rules_at(self, door: Door) -> Sequence[RuleTold]:
        changes = self._changes.get(door.host, [])
        place = bisect_right(changes, door.came_ns, key=lambda change: change.at_ns)
        return changes[place - 1].rules if place else ()

    def _decisions(self, place: tuple[str, Kind]) -> list[Decided]:
        """Those about the one of this kind that was seen last."""
        told = self._decided.get(place)
        return [] if told is None else told.get(self._seen[place]) or self._unnumbered(told)

    def _unnumbered(self, told: dict[int, list[Decided]]) -> list[Decided]:
        """Where packets were not numbered the next decisions about one that looks like it are taken for its own."""
        waiting = told.get(0)
        if not waiting:
            return []
        first = waiting.pop(0)
        more = [one for one in waiting if one.at_ns == first.at_ns and one.rule != first.rule]
        for one in more:
            waiting.remove(one)
        return [first, *more]

    def _of_parts(self, door: Door, kind: Kind) -> Outcome:
        """A segment that is longer than a packet may be comes to rules in parts. It is there with the first of them."""
        decided = []
        for part in self._flows.get((door.host, *kind[:4]), ()):
            if part[5] and (part[4] - kind[4]) % (1 << 32) < kind[5]:
                self._seen[door.host, part] += 1
                decided.append(self._decisions((door.host, part)))
        parts = [self._outcome(decisions, door) for decisions in decided if decisions]
        if sum(decisions[0].length for decisions in decided if decisions) < kind[5]:
            parts.append(Outcome("arrived", door.came_ns))  # no rule decided about the rest
        words = self._words_of(one for decisions in decided for one in decisions)
        return _together(parts, words, door.came_ns)

    def _outcome(self, decisions: Sequence[Decided], door: Door) -> Outcome:
        fate: Fate = "arrived"
        at_ns, copies = door.came_ns, 1
        held = let_go = is_thrown_away = False
        for one in decisions:
            rule = self._words.get(one.rule)
            fate = max(fate, _fate(one, rule), key=_GRAVITY.__getitem__)
            if one.action not in _HOLD_NOTHING:
                at_ns = max(at_ns, one.release_ns)
            copies += one.action == "duplicate"
            held, let_go = held or one.action == "hold", let_go or one.action == "let-go"
            is_thrown_away = is_thrown_away or _spoils(one, rule)
        if held and not let_go:
            fate = "lost"
        if fate in ("lost", "refused"):
            at_ns, is_thrown_away = door.came_ns, False
        words = self._words_of(decisions) + (_THROWN_AWAY if is_thrown_away else "")
        return Outcome(fate, at_ns, words, copies, is_thrown_away)

    def _words_of(self, decisions: Iterable[Decided]) -> str:
        """The rules that decided, each once."""
        rules = ((self._words.get(one.rule), one.rule.rpartition(" #")[0]) for one in decisions)
        return ", ".join(dict.fromkeys(name if rule is None else rule.words for rule, name in rules))


def _together(parts: Sequence[Outcome], words: str, came_ns: int) -> Outcome:
    """What became of a segment whose parts had these outcomes: it is as badly off as the worst of them."""
    fate = max((part.fate for part in parts), key=_GRAVITY.__getitem__)
    if fate in ("lost", "refused"):
        return Outcome(fate, came_ns, words)
    times = [part.at_ns for part in parts]
    is_thrown_away = all(part.is_thrown_away for part in parts)
    if any(part.is_thrown_away for part in parts):
        words += _THROWN_AWAY if is_thrown_away else _PARTLY_THROWN_AWAY
    if max(times) > min(times):
        words += f"; its last part came {(max(times) - min(times)) / 1e6:.1f} ms later"
    return Outcome(fate, min(times), words, max(part.copies for part in parts), is_thrown_away)


def _spoils(one: Decided, rule: RuleTold | None) -> bool:
    """Whether the kernel finds the damage. A packet without payload has its checksum damaged (labctl.sidecar)."""
    return one.action == "corrupt" and (not one.length or (rule is not None and not rule.visible))


def _fate(one: Decided, rule: RuleTold | None) -> Fate:
    if one.action == "cut":
        return "refused" if rule is not None and rule.answer else "lost"
    if one.action in ("drop", "overflow"):
        return "lost"
    if one.action == "corrupt":
        return "damaged"
    return "arrived" if one.action == "duplicate" else "late"


def _loses(rules: Iterable[RuleTold], journey: Journey) -> RuleTold | None:
    """The rule that loses this fragment."""
    for rule in rules:
        protocol = ICMP if journey.packet.protocol == ICMPV6 else journey.packet.protocol
        if rule.fragments and journey.sender in rule.senders and rule.protocol in (None, protocol):
            return rule
    return None


def _kind(journey: Journey, whole: Packet | None) -> Kind | None:
    """As a sidecar knows it; None for what passes no rule (the link's own)."""
    packet: Packet = journey.packet
    if packet.fragment is not None:
        if whole is None:
            return None
        protocol = ICMP if packet.protocol == ICMPV6 else packet.protocol
        return (journey.sender, protocol, whole.source_port, whole.port, 0, whole.length)
    start = _ETHERNET + (4 if packet.link is not None and packet.link.vlan is not None else 0)
    seen = parse(journey.data[start:])
    if seen is None:
        return None
    return (journey.sender, seen.protocol, seen.source_port, seen.port, seen.sequence, seen.length)
