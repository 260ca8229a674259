"""A plan and its scenario's steps -> who is on the network, and what becomes of links: values, and their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from labctl.plan.model import AbsentHost, HostPlan, Interface, Plan
from labctl.report.ladder.canvas import shown
from labctl.report.look import PLAIN, Look
from labctl.report.wording import together
from labctl.runner import titles
from labctl.scenario.model import Halt, Heal, HostSpec, Impair, Link, Step
from labctl.scenario.names import copies

_INDENT = "  "
_BETWEEN = 2
_LINES = str.maketrans("┌┐└┘─│┬┴┄┆", "++++-|++..")


class Wire(Struct, frozen=True):
    """One of several networks, and the subnets there."""

    name: str
    subnets: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.name}: {', '.join(self.subnets)}"


class Place(Struct, frozen=True):
    """A host, or all copies of one: its names, a text for each address (or their range), and if it is no machine.

    `on`: where there are several networks, by the number of each that it is on, its addresses there.
    """

    name: str
    addresses: tuple[str, ...]
    is_absent: bool = False
    on: dict[int, tuple[str, ...]] = {}


class Change(Struct, frozen=True, kw_only=True):
    """What a step does to a link or a host: `drop [2, 4] of udp 51717`, `heal`, `halt`. `step` counts from 1.

    `sender` and `receiver` are places' numbers, None for all of them; equal for what is done to a host. `where` says
    the same in words, as in the scenario.
    """

    step: int
    kind: Literal["fault", "heal", "halt"]
    words: str
    where: str
    sender: int | None
    receiver: int | None
    both: bool = False


class Topology(Struct, frozen=True, kw_only=True):
    """Who is on the network, and what is done to it. `networks` are the subnets, `is_open` that there is a way out.

    `wires` are the networks, where there are several.
    """

    name: str
    networks: tuple[str, ...]
    places: tuple[Place, ...]
    changes: tuple[Change, ...] = ()
    is_open: bool = False
    wires: tuple[Wire, ...] = ()


def topology(name: str, plan: Plan, specs: Iterable[HostSpec], steps: Iterable[Step]) -> Topology:
    """The topology of a scenario's lab. `specs` are the hosts as it asks for them (names.host_specs)."""
    every: tuple[HostPlan | AbsentHost, ...] = (*plan.hosts, *plan.absent)
    known = {host.name: host for host in every}
    groups = {spec.service: copies(spec.service, spec.count) for spec in specs}
    numbers = {one: number for number, group in enumerate(groups.values()) for one in group}
    numbers |= {service: number for number, service in enumerate(groups)}
    several = plan.nets if len(plan.nets) > 1 else ()
    numbered = {network.name: number for number, network in enumerate(several)}
    return Topology(
        name=name,
        networks=tuple(str(subnet) for network in plan.nets for subnet in network.subnets),
        places=tuple(_place(tuple(known[one] for one in group), numbered) for group in groups.values()),
        changes=tuple(_changes(steps, numbers)),
        is_open=plan.internet,
        wires=tuple(Wire(network.name, tuple(map(str, network.subnets))) for network in several),
    )


def _place(hosts: Sequence[HostPlan | AbsentHost], numbered: Mapping[str, int]) -> Place:
    on = {
        numbered[wires[0].network]: _addresses(wires)
        for wires in zip(*(host.wires for host in hosts), strict=True)
        if wires[0].network in numbered
    }
    name = together(tuple(host.name for host in hosts))
    return Place(name, _addresses(hosts), isinstance(hosts[0], AbsentHost), on)


def _addresses(ends: Sequence[HostPlan | AbsentHost | Interface]) -> tuple[str, ...]:
    return tuple(map(together, zip(*(end.addresses for end in ends), strict=True)))


def _changes(steps: Iterable[Step], numbers: dict[str, int]) -> Iterator[Change]:
    for step, it in enumerate(steps, start=1):
        if isinstance(it, Impair):
            of = f" of {titles.only(it.only)}" if it.only is not None else ""
            words = ", ".join(map(titles.fault, it.faults)) + of
            yield _of_link(step, "fault", words, it.link, numbers)
        elif isinstance(it, Heal):
            yield _of_link(step, "heal", "heal", it.link or Link("any", "any", both=True), numbers)
        elif isinstance(it, Halt):
            place = numbers[it.host]
            yield Change(step=step, kind="halt", words="halt", where=it.host, sender=place, receiver=place)


def _of_link(step: int, kind: Literal["fault", "heal"], words: str, link: Link, numbers: dict[str, int]) -> Change:
    return Change(
        step=step,
        kind=kind,
        words=words,
        where=f"{link.sender} {'↔' if link.both else '→'} {link.receiver}",
        sender=numbers.get(link.sender),
        receiver=numbers.get(link.receiver),
        both=link.both,
    )


def boxes(it: Topology, look: Look = PLAIN, *, width: int = 80) -> Iterator[str]:
    """The topology as text: hosts with their addresses on one wire, then what becomes of it, step by step.

    A host that is no machine has a frame of dots, and no wire. Hosts that don't fit beside each other come below. Of
    several networks each has its wire, with the hosts that are on it.
    """
    is_open = ", open to other networks" if it.is_open else ""
    if not it.wires:
        yield from _wired(it.places, look, width)
        yield look.paint(f"{_INDENT}one network: {shown(', '.join(it.networks) + is_open, look)}", "dim")
    for number, wire in enumerate(it.wires):
        if number:
            yield ""
        there = [Place(one.name, one.on[number], one.is_absent) for one in it.places if number in one.on]
        yield from _wired(there, look, width)
        yield look.paint(f"{_INDENT}network {shown(wire.text + is_open, look)}", "dim")
    if it.changes:
        yield ""
    places = [shown(change.where, look) for change in it.changes]
    wide = max(map(len, places), default=0)
    digits = len(str(max((change.step for change in it.changes), default=0)))
    for change, where in zip(it.changes, places, strict=True):
        words = look.paint(shown(change.words, look), "green" if change.kind == "heal" else "red")
        yield f"{_INDENT}step {change.step:{digits}}  {where.ljust(wide)}  {words}"


def _wired(places: Sequence[Place], look: Look, width: int) -> Iterator[str]:
    """Hosts in boxes on a wire."""
    for row in _rows(places, width - len(_INDENT)):
        height = max(len(texts_of(place)) for place in row)
        for line in zip(*(_box(place, height, look) for place in row), strict=True):
            gap = line[0][1] * _BETWEEN
            text = _INDENT + gap + gap.join(part for part, _ in line)
            yield (text if look.beyond_ascii else text.translate(_LINES)).rstrip()


def _rows(places: Sequence[Place], width: int) -> Iterator[list[Place]]:
    """The places, as many beside each other as there is room for."""
    row: list[Place] = []
    for place in places:
        if row and sum(_inner(one) + 2 + _BETWEEN for one in [*row, place]) > width:
            yield row
            row = []
        row.append(place)
    if row:
        yield row


def _box(place: Place, height: int, look: Look) -> Iterator[tuple[str, str]]:
    """The lines of a host's box from its top to the wire below it, each with what fills the gap to the next box."""
    inner = _inner(place)
    frame, side = ("┄", "┆") if place.is_absent else ("─", "│")
    left = inner // 2
    wire = "─" if place.is_absent else "┴"
    joint = frame if place.is_absent else "┬"
    yield f"┌{frame * inner}┐", " "
    texts = texts_of(place)
    for text in (*texts, *[""] * (height - len(texts))):
        yield f"{side} {shown(text, look).ljust(inner - 1)}{side}", " "
    yield f"└{frame * left}{joint}{frame * (inner - left - 1)}┘", " "
    yield f"─{'─' * left}{wire}{'─' * (inner - left - 1)}─", "─"


def _inner(place: Place) -> int:
    return max(map(len, texts_of(place))) + 2


def texts_of(place: Place) -> tuple[str, ...]:
    """What stands in its box."""
    return (place.name, *place.addresses, *(["no machine"] if place.is_absent else []))
