"""Do the names in the steps exist? Hosts, programs in order of time, placeholders, and counts of ends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from labctl.scenario.halts import check_halts, named_programs
from labctl.scenario.kinds.basic import MOST_COPIES, is_word
from labctl.scenario.links.ends import check_link_ends
from labctl.scenario.model import End, HostSpec, Port, Run, Stop, Wait
from labctl.scenario.names import HostNames, copies, hosts_by_name, program_name
from labctl.scenario.placeholders import hosts_asked_for
from labctl.scenario.problems import did_you_mean
from labctl.scenario.reading import Page, Values
from labctl.scenario.steps import Outline
from labctl.scenario.verbs import (
    CHECK,
    COPIES,
    HALT,
    ON,
    PROGRAM_NAME,
    READY_WHEN,
    START,
    WAIT,
)
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar

MOST_PROGRAMS = 10_000

_TAKEN_AS_WRITTEN = ("link", "heal")
"""Verbs whose texts have no placeholders."""


def check_references(outlines: Sequence[Outline | None], hosts: Iterable[HostSpec] | None, page: Page) -> None:
    """Note every name that stands for nothing. `hosts` None: it is not known which there are."""
    known = None if hosts is None else tuple(hosts)
    names = hosts_by_name(known or ())
    absent = {name for spec in known or () if spec.absent for name in (spec.service, *copies(spec.service, spec.count))}
    if known is not None:
        _check_hosts(outlines, names, absent, page)
        check_link_ends(outlines, names, absent, page)
    _Programs(outlines, names, page).walk()
    check_halts(outlines, names, absent, page)


def _check_hosts(outlines: Sequence[Outline | None], names: HostNames, absent: Collection[str], page: Page) -> None:
    for outline in outlines:
        if outline is None:
            continue
        values = outline.values
        if (on := values.get(ON)) is not None:
            _check_on(on, values.nodes["on"], names, absent, page)
        if (halted := values.get(HALT)) is not None:
            _check_halt(halted, values.nodes["halt"], names, absent, page)
        for key, port in _ports(values):
            if port.address is not None and is_word(port.address) and port.address not in (*names, "localhost"):
                _note_unknown_host(port.address, values.nodes[key], names, page)
        for key, node in values.nodes.items():
            if key != "why" and outline.verb not in _TAKEN_AS_WRITTEN:
                _check_placeholders(node, names, page)


def _check_on(on: str, node: Node, names: HostNames, absent: Collection[str], page: Page) -> None:
    if on in ("any", "all"):
        page.wrong(node, f"'{on}' is not a host", "write a counted host's name: that is all of them")
    elif on not in names:
        _note_unknown_host(on, node, names, page)
    elif on in absent:
        page.wrong(node, f"'{on}' is absent: nothing can run there", "remove its `absent`, or choose another host")


def _check_halt(host: str, node: Node, names: HostNames, absent: Collection[str], page: Page) -> None:
    if host in absent:
        page.wrong(node, f"'{host}' is absent: there is nothing to halt", "remove this step, or its `absent`")
    else:
        _check_on(host, node, names, absent, page)


def _note_unknown_host(name: str, node: Node, names: HostNames, page: Page) -> None:
    page.wrong(node, f"unknown host '{name}'", did_you_mean(name, names, kinds="hosts"))


def _ports(values: Values) -> Iterator[tuple[str, Port]]:
    """Each PORT in a step, with its key."""
    found = {"wait": values.get(WAIT), "check": values.get(CHECK), "ready": values.get(READY_WHEN)}
    for key, value in found.items():
        if isinstance(value, Port):
            yield key, value


def _check_placeholders(node: Node, names: HostNames, page: Page) -> None:
    for scalar in _scalars(node):
        for host in hosts_asked_for(scalar.text):
            asked = f"{{{host}.ip}}"
            if host not in names:
                page.wrong(scalar, f"unknown host in '{asked}'", did_you_mean(host, names, kinds="hosts"))
            elif names[host] != (host,):
                page.wrong(scalar, f"'{asked}' asks for one of {len(names[host])} hosts", f"write `{{{host}-1.ip}}`")


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
        return
    below = (value for _, value in node.entries) if isinstance(node, MapNode) else node.items
    for child in below:
        yield from _scalars(child)


class _Programs:
    """Follows the steps in order of time: which programs have been started so far."""

    def __init__(self, outlines: Sequence[Outline | None], hosts: HostNames, page: Page) -> None:
        self._outlines = outlines
        self._hosts = hosts
        self._page = page
        self._sizes: dict[str, int] = {}  # started names -> how many programs they stand for
        self._lines: dict[str, int] = {}  # every name that is taken -> where it was given
        self._made = 0
        self._uncounted: set[str] = set()
        self._runs: set[str] = set()
        self._later: dict[str, int] = {}
        self._sees_all = None not in outlines  # a step that could not be read may start anything
        for outline in outlines:
            if outline is not None and outline.verb == "start" and (name := _given_name(outline)):
                self._later.setdefault(name, outline.values.at.line)

    def walk(self) -> None:
        for outline in self._outlines:
            if outline is not None and outline.verb in ("start", "run"):
                self._begin(outline)
            elif outline is not None:
                self._refer(outline)

    def _begin(self, outline: Outline) -> None:
        name, size = _given_name(outline), self._size(outline.values)
        if outline.verb == "start" and name is None:
            self._sees_all = False
        self._made += size or 1
        if size is not None and size > MOST_COPIES:
            hint = f"make at most {MOST_COPIES}"
            self._page.wrong(outline.values.at, f"this step makes {size} programs", hint)
        elif self._made > MOST_PROGRAMS:
            hint = f"make at most {MOST_PROGRAMS}"
            self._page.wrong(outline.values.at, f"the steps so far make {self._made} programs", hint)
        elif name is not None:
            self._take(name, size, outline)
        if isinstance(outline.step, Run) and size is not None:
            self._check_counts(outline, outline.step.expect, size, f"'{name}'" if name else "this run")

    def _size(self, values: Values) -> int | None:
        """How many programs a step makes, None where that can't be told."""
        on, count = values.get(ON), values.get(COPIES)
        if on is None or ("count" in values.nodes and count is None):
            return None
        if not self._hosts:
            return count or 1
        return len(self._hosts[on]) * (count or 1) if on in self._hosts else None

    def _take(self, name: str, size: int | None, outline: Outline) -> None:
        """Give a name to the programs of a step, unless another has it."""
        values = outline.values
        on = values.get(ON)
        is_counted = "count" in values.nodes or (on is not None and self._hosts.get(on, (on,)) != (on,))
        names = (name, *copies(name, size)) if is_counted and size is not None else (name,)
        taken = next((each for each in names if each in self._lines), None)
        if taken is not None and not (outline.verb == "run" and taken in self._runs):
            message = f"a program is called '{taken}' already, in line {self._lines[taken]}"
            hint = "choose another `name`" if "name" in values.nodes else "add a `name`"
            self._page.wrong(values.nodes.get("name") or values.nodes[outline.verb], message, hint)
        for each in names:
            self._lines.setdefault(each, values.at.line)
            if outline.verb == "run":
                self._runs.add(each)
            elif size is not None:
                self._sizes.setdefault(each, size if each == name else 1)
            else:
                self._uncounted.add(each)

    def _check_counts(self, outline: Outline, ends: tuple[End, ...] | None, size: int, what: str) -> None:
        counts = [end.count for end in ends or () if end.count is not None]
        if counts and sum(counts) != size:
            programs = "1 program" if size == 1 else f"{size} programs"
            message = f"the counts make {sum(counts)}, and {what} is {programs}"
            self._page.wrong(outline.values.nodes["expect"], message, "account for each of them once")

    def _refer(self, outline: Outline) -> None:
        for key, name in named_programs(outline.values):
            if name not in self._sizes:
                self._note_unknown(key, name, outline.values.nodes[key])
            elif isinstance(outline.step, Stop | Wait):
                self._check_counts(outline, outline.step.expect, self._sizes[name], f"'{name}'")

    def _note_unknown(self, key: str, name: str, node: Node) -> None:
        if name in self._runs:
            hint = "judge it by the `expect` of its run, or `start` it to come back to it"
            self._page.wrong(node, f"'{name}' is over: it was run to its end in line {self._lines[name]}", hint)
        elif name in self._lines or re.sub("-[0-9]+$", "", name) in self._uncounted:
            return  # started, and it has been said why nobody knows how often
        elif name in self._later:
            line = self._later[name]
            self._page.wrong(node, f"'{name}' is not started yet, but in line {line}", "start it before")
        elif self._sees_all and name in self._hosts:
            self._page.wrong(node, f"'{name}' is a host, and a program is expected here", _instead_of_a_host(key, name))
        elif self._sees_all:
            hint = did_you_mean(name, self._lines, kinds="programs") or "start it before"
            self._page.wrong(node, f"unknown program '{name}'", hint)


def _instead_of_a_host(key: str, host: str) -> str:
    """What to write in place of a host's name, where a program's is expected under this key."""
    if key in ("wait", "check"):
        return f"write a program's name, or `on: {host}` with a PORT or a THING"
    return f"write a program's name, or a step `halt: {host}` to take the host down"


def _given_name(outline: Outline) -> str | None:
    """The name that a start or a named run gives, None where there is none or it can't be read."""
    command = outline.values.get(START)
    if "name" in outline.values.nodes or command is None:
        return outline.values.get(PROGRAM_NAME)
    return program_name(None, command)
