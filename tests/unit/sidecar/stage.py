"""A receiver on a stage: packets come as numbers, rules decide, the clock is the test's."""

from __future__ import annotations

from typing import Any

from labctl.sidecar.passage import Decision, Passage, Verdict
from labctl.sidecar.rules import Rule, rule_from
from tests.unit.sidecar.packets import LEFT4, RIGHT4, ipv4, parsed, udp

MS = 1_000_000
SENDERS = {LEFT4: "left", RIGHT4: "right"}
FAULTS = ["rate", "cut", "drop", "corrupt", "duplicate", "reorder", "delay"]


def rule(fault: str, name: str = "", **values: Any) -> Rule:  # Any: JSON's own types
    """A rule from its JSON, about everybody unless it says so. It is called as its fault is, unless it has a name."""
    senders = {"senders": [address.hex() for address in values.pop("senders")]} if "senders" in values else {}
    return rule_from({"name": name or fault, "fault": fault, **values, **senders})


class Stage:
    """A receiver whose packets are numbers, from 1 in the order in which they come."""

    def __init__(self, *rules: Rule) -> None:
        self.decisions: list[Decision] = []
        self.passage = Passage(SENDERS, self.decisions.append)
        self.now_ns = 0
        self.released: list[tuple[int, int]] = []
        """When, in milliseconds, and which: those that went on."""
        self.lost: list[int] = []
        self.verdicts: list[Verdict] = []
        self._count = 0
        self.turn_to(*rules)

    def turn_to(self, *rules: Rule) -> None:
        """These are in force from now on."""
        self.passage.put_in_force(rules, self.now_ns)
        self._take(self.passage.due(self.now_ns))

    def come(self, count: int = 1, *, sender: bytes = RIGHT4, payload: bytes = b"hello", port: int = 51717) -> None:
        """So many arrive now."""
        for _ in range(count):
            self._count += 1
            data = ipv4(udp(payload, port=port), source=sender)
            self._take(self.passage.arrive(self._count, parsed(data), data, self.now_ns))

    def pass_ms(self, ms: float) -> None:
        """Let time pass, waking whenever something is due."""
        end = self.now_ns + round(ms * MS)
        while (due := self.passage.next_ns()) is not None and due <= end:
            self.now_ns = max(self.now_ns, due)
            self._take(self.passage.due(self.now_ns))
        self.now_ns = end

    def _take(self, verdicts: list[Verdict]) -> None:
        self.verdicts += verdicts
        self.released += [(self.now_ns // MS, verdict.number) for verdict in verdicts if verdict.goes_on]
        self.lost += [verdict.number for verdict in verdicts if not verdict.goes_on]

    @property
    def order(self) -> list[int]:
        """Those that went on, in their order."""
        return [number for _, number in self.released]

    @property
    def told(self) -> list[tuple[str, int, str]]:
        """What was decided: the sender, its n-th packet, what was done."""
        return [(decision.sender, decision.n, decision.action) for decision in self.decisions]
