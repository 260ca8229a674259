"""Steps in order of time -> a problem for each that needs a host, or a program on a host, that was halted before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from labctl.scenario.links.ends import named_link, note_lonely
from labctl.scenario.links.places import Places
from labctl.scenario.model import Halt, Link, ProgramRef, Start
from labctl.scenario.names import HostNames, program_name, programs_of
from labctl.scenario.reading import Page, Values
from labctl.scenario.steps import Outline
from labctl.scenario.verbs import CHECK, HALT, ON, STOP, TO, WAIT
from labctl.scenario.yaml.tree import Node


def check_halts(outlines: Sequence[Outline | None], hosts: HostNames, absent: Collection[str], page: Page) -> None:
    """Note every step that comes too late, and a halt that leaves nobody. `hosts` is empty where nobody knows them."""
    walk = _Walk(hosts, absent, page)
    for outline in outlines:
        if outline is not None:
            walk.take(outline)


def named_programs(values: Values) -> Iterator[tuple[str, str]]:
    """Each program that a step names, with its key."""
    for key, name in (("to", values.get(TO)), ("stop", values.get(STOP))):
        if name is not None:
            yield key, name
    for key, subject in (("wait", values.get(WAIT)), ("check", values.get(CHECK))):
        if isinstance(subject, ProgramRef):
            yield key, subject.name


class _Walk:
    def __init__(self, hosts: HostNames, absent: Collection[str], page: Page) -> None:
        self._hosts = hosts
        self._machines = {name for names in hosts.values() for name in names} - set(absent)
        self._page = page
        self._lines: dict[str, int] = {}  # halted hosts -> where
        self._places: dict[str, dict[str, str]] = {}  # names of started programs -> each one's own name, and its host

    def take(self, outline: Outline) -> None:
        """Look at the next step."""
        values = outline.values
        if (on := values.get(ON)) is not None:
            self._check_host(on, values.nodes["on"], "choose another host, or halt it later")
        for key, name in named_programs(values):
            self._check_program(name, values.nodes[key])
        if (named := named_link(values)) is not None:
            self._check_link(named[1], values.nodes[named[0]], looks_only=named[0] in ("wait", "check"))
        if isinstance(outline.step, Start) and self._named(outline.step.on):
            self._place(outline.step)
        if isinstance(outline.step, Halt):
            self._halt(outline.step.host, values.nodes[HALT.name])

    def _place(self, step: Start) -> None:
        placed = {one.name: one.host for one in programs_of(step, {step.on: self._named(step.on)})}
        self._places |= {name: {name: host} for name, host in placed.items()}
        self._places[program_name(step.name, step.command)] = placed

    def _halt(self, name: str, node: Node) -> None:
        if not self._check_host(name, node, "remove this step: a host stays halted"):
            return
        self._lines |= dict.fromkeys(self._named(name), node.at.line)
        if self._machines and self._machines <= self._lines.keys():
            self._page.wrong(node, "with this the last host is halted", "leave one up, and look from there")

    def _named(self, name: str) -> tuple[str, ...]:
        """The hosts that a name stands for. Where nobody knows, it is taken for one host."""
        return self._hosts.get(name, () if self._hosts else (name,))

    def _check_host(self, name: str, node: Node, hint: str) -> bool:
        """Whether the host is up, or all are that the name stands for."""
        hosts = self._named(name)
        halted = [host for host in hosts if host in self._lines]
        if halted:
            which = f"'{halted[0]}'" + (f", one of '{name}'," if hosts != (name,) else "")
            if len(halted) < len(hosts):
                hint = f"name those that are up: {_listed([host for host in hosts if host not in halted])}"
            self._page.wrong(node, f"{which} was halted in line {self._lines[halted[0]]}", hint)
        return not halted

    def _check_link(self, link: Link, node: Node, *, looks_only: bool) -> None:
        """Packets are counted where they arrive: what a halted host had sent before can still be looked at."""
        ends = [link.receiver] if looks_only and not link.both else [link.sender, link.receiver]
        for end in dict.fromkeys(ends):
            if end != "any":
                self._check_host(end, node, "choose another host, or halt it later")
        if not looks_only and "any" in ends and all(end in (*self._hosts, "any") for end in ends):
            note_lonely(link, node, Places(self._hosts, sorted(self._machines - self._lines.keys())), self._page)

    def _check_program(self, name: str, node: Node) -> None:
        placed = self._places.get(name, {})
        lost = [own for own, host in placed.items() if host in self._lines]
        if not lost:
            return
        host = placed[lost[0]]
        which = f"'{lost[0]}'" + (f", one of '{name}'," if lost[0] != name else "")
        rest = [own for own in placed if own not in lost]
        hint = f"name those that are left: {_listed(rest)}" if rest else "write this step before the halt"
        self._page.wrong(node, f"{which} is gone with its host '{host}', halted in line {self._lines[host]}", hint)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
