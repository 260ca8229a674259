"""`link` and `heal` steps, one after another -> the rules in force, and what changes for which receiver. Pure.

A rule is (direction, `only`, fault). Directions are kept apart host by host: `any -> cheerios`, healed for one sender,
goes on for the others. Said again it replaces the old one and counts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from labctl.scenario.links.places import Places
from labctl.scenario.model import Fault, Heal, Impair, Link, Only

Json = dict[str, Any]  # Any: JSON's own types
_NS = 1_000_000_000


class Rule(Struct, frozen=True, kw_only=True):
    """One fault at one receiver. `name` tells it from every other rule of the run, earlier ones in its words too."""

    name: str
    receiver: str
    senders: frozenset[str]
    only: Only | None
    fault: Fault
    seed: int

    @property
    def loses_fragments(self) -> bool:
        """Whether it is about fragments, which are lost before they are put together."""
        return self.fault.which is not None and self.fault.which.fragments


class Book(Struct, frozen=True):
    """The rules in force, in the order in which they were said. `said`: how many ever were."""

    rules: tuple[Rule, ...] = ()
    said: int = 0

    def of(self, receiver: str) -> tuple[Rule, ...]:
        """Those that are in force where packets for this host arrive."""
        return tuple(rule for rule in self.rules if rule.receiver == receiver)


def impaired(book: Book, step: Impair, places: Places, *, seed: int) -> Book:
    """The book after a `link` step. `seed` is the scenario's."""
    for link, senders, receiver in _one_way(step.link, places):
        for fault in step.faults:
            kept = _without(book.rules, senders, receiver, partial(_is_same, step.only, fault))
            rule = Rule(
                name=f"{fault.name} {link.sender} -> {link.receiver} #{book.said + 1}",
                receiver=receiver,
                senders=senders,
                only=step.only,
                fault=fault,
                seed=seed if step.seed is None else step.seed,
            )
            book = Book((*kept, rule), book.said + 1)
    return book


def healed(book: Book, step: Heal, places: Places) -> Book:
    """The book after a `heal` step."""
    if step.link is None:
        return Book((), book.said)
    rules = book.rules
    for senders, receiver in places.directions(step.link):
        rules = _without(rules, senders, receiver, lambda rule: True)
    return Book(rules, book.said)


def _one_way(link: Link, places: Places) -> list[tuple[Link, frozenset[str], str]]:
    """Each direction as it would be said by itself, with its senders and its receiver."""
    ways = [Link(link.sender, link.receiver)] + [Link(link.receiver, link.sender)] * link.both
    return [(way, senders, receiver) for way in ways for senders, receiver in places.directions(way)]


def _is_same(only: Only | None, fault: Fault, rule: Rule) -> bool:
    """Whether a rule is said again in these words."""
    is_of_fragments = fault.which is not None and fault.which.fragments
    return (rule.only, rule.fault.name, rule.loses_fragments) == (only, fault.name, is_of_fragments)


def _without(
    rules: tuple[Rule, ...], senders: frozenset[str], receiver: str, goes: Callable[[Rule], bool]
) -> tuple[Rule, ...]:
    """The rules without these senders where they go; those that have no sender left are gone."""
    left = [
        replace(rule, senders=rule.senders - senders) if rule.receiver == receiver and goes(rule) else rule
        for rule in rules
    ]
    return tuple(rule for rule in left if rule.senders)


def values(rule: Rule, addresses: Mapping[str, Sequence[str]]) -> Json:
    """A rule as its receiver's sidecar is told it (labctl.sidecar.rules). `addresses`: each host's."""
    fault, which = rule.fault, rule.fault.which
    told: Json = {
        "name": rule.name,
        "fault": fault.name,
        "senders": sorted(ip_address(one).packed.hex() for host in rule.senders for one in addresses[host]),
        "only": only_values(rule.only),
        "seed": rule.seed,
        "answer": fault.answer,
        "visible": fault.visible,
        "hold": fault.hold,
        "delay_ns": round(fault.delay_s * _NS),
        "jitter_ns": round(fault.jitter_s * _NS),
        "rate": fault.rate,
        "queue_ns": round(fault.queue_s * _NS),
    }
    if which is not None:
        chosen = {name: value for name, value in asdict(which).items() if value and name != "fragments"}
        told["which"] = chosen | {"burst": fault.burst}
    return told


def only_values(only: Only | None) -> Json | None:
    """Which packets, as a sidecar is told it."""
    return None if only is None else {"protocol": only.protocol, "port": only.port}
