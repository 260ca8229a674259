"""LINKs of the steps -> who sends to whom, which hosts must be attended, and which packets are of interest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from labctl.scenario.model import Check, Heal, HostSpec, Impair, Link, LinkState, Only, Step, Wait
from labctl.scenario.names import copies, hosts_by_name


class Interest(Struct, frozen=True):
    """Packets of a kind that some hosts send to another. `only` None: of any kind."""

    senders: frozenset[str]
    receiver: str
    only: Only | None = None


class Places:
    """Which hosts the ends of a LINK stand for."""

    def __init__(self, named: Mapping[str, Sequence[str]], every: Sequence[str]) -> None:
        """`named`: every name that a step may use, and its hosts; `every`: those that are machines."""
        self._named, self._every = named, tuple(every)

    def directions(self, link: Link) -> list[tuple[frozenset[str], str]]:
        """Each receiver with its senders. A host sends nothing to itself over a link."""
        ends = [(link.sender, link.receiver)] + [(link.receiver, link.sender)] * link.both
        return [
            (senders, receiver)
            for one, other in ends
            for receiver in self.hosts(other)
            if (senders := frozenset(self.hosts(one)) - {receiver})
        ]

    def hosts(self, end: str) -> tuple[str, ...]:
        """The hosts that one end of a LINK stands for."""
        return self._every if end == "any" else tuple(self._named[end])


def places_of(specs: Iterable[HostSpec]) -> Places:
    """The places of a scenario's hosts (names.host_specs): `any` are those that are not absent."""
    known = tuple(specs)
    machines = [name for spec in known if not spec.absent for name in copies(spec.service, spec.count)]
    return Places(hosts_by_name(known), machines)


def link_of(step: Step) -> Link | None:
    """The LINK that a step is about."""
    match step:
        case Impair(link=link) | Heal(link=link):
            return link
        case Wait(subject=Link() as link) | Check(subject=Link() as link):
            return link
    return None


def receivers(steps: Iterable[Step], places: Places) -> tuple[str, ...]:
    """The hosts where packets arrive on any link that a step names, each once. No other need be attended.

    Which packets passed in which order is seen from the record: nothing need be counted for it.
    """
    named = (link for step in steps if (link := link_of(step)) is not None and not is_of_record(step))
    return tuple(dict.fromkeys(receiver for link in named for _, receiver in places.directions(link)))


def is_of_record(step: Step) -> bool:
    """Whether it looks at a link and needs nothing but the record for it."""
    if not isinstance(step, Check) or not isinstance(step.expect, LinkState):
        return False
    return bool(step.expect.order) and step.expect == LinkState(order=step.expect.order)


def interests(steps: Iterable[Step], places: Places) -> tuple[Interest, ...]:
    """The packets that must be looked at one by one, each kind once, in the order of the steps.

    What a link does to fragments alone needs no look at whole packets, and `heal` needs none at all.
    """
    return tuple(dict.fromkeys(each for step in steps for each in _interests_of(step, places)))


def _interests_of(step: Step, places: Places) -> Iterator[Interest]:
    if isinstance(step, Impair):
        if all(fault.which is not None and fault.which.fragments for fault in step.faults):
            return
    elif not isinstance(step, Wait | Check) or is_of_record(step):
        return
    if (link := link_of(step)) is not None:
        for senders, receiver in places.directions(link):
            yield Interest(senders, receiver, step.only)
