"""Lanes that something shown happens in -> columns: a lane each, or copies of one program together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Hashable, Sequence

from msgspec import Struct

from labctl.observe.story import Lane
from labctl.report.wording import together

_COPY = re.compile(r"(.+)-(\d+)")


class Column(Struct, frozen=True):
    """A lane, or several that share a place on the page.

    `lanes` are their numbers in the story. `host` is a name, or those of several (`client-1 to client-200`);
    `program` the program's own, or theirs, and empty for a host's kernel. `command` is what was called, of several
    the first one's. `kernels`: so many of the lanes are kernels of hosts whose only program is here, too.
    """

    lanes: tuple[int, ...]
    host: str
    program: str
    command: str
    kernels: int = 0

    @property
    def is_folded(self) -> bool:
        """Whether it stands for several lanes: each row then says whose it is."""
        return len(self.lanes) - self.kernels > 1


def columns(lanes: Sequence[Lane], used: Container[int], most: int) -> tuple[Column, ...]:
    """A column for each lane in use, in the story's order; folded, where there are more than `most`.

    A kernel shares the column of its host's only program: what it does has to do with no other.
    Folded are first copies of one program on copies of one host, the most numerous first, then all lanes of one
    host, then whatever comes last. `most` is at least 2.
    """
    groups = _with_kernels([number for number in range(len(lanes)) if number in used], lanes)
    for kin in (_copies, _host):
        groups = _folded(groups, [kin(lane) for lane in lanes], most)
    if len(groups) > most:
        groups = [*groups[: most - 1], sorted(number for group in groups[most - 1 :] for number in group)]
    return tuple(_column(lanes, group) for group in groups)


def _with_kernels(used: Sequence[int], lanes: Sequence[Lane]) -> list[list[int]]:
    programs = Counter(lanes[number].host for number in used if lanes[number].program)
    groups: dict[Hashable, list[int]] = {}
    for number in used:
        host = lanes[number].host
        groups.setdefault(host if programs[host] == 1 else number, []).append(number)
    return list(groups.values())


def what_runs(column: Column) -> str:
    """What runs in a column: `server 51717`, `slow: server 51718`, `(kernel)`."""
    if column.is_folded and "," in column.program:
        return column.program
    first = column.command.split(" ")[0].rpartition("/")[2]
    is_named = not column.is_folded and column.program not in ("", first, column.host)
    return f"{column.program}: {column.command}" if is_named else column.command or column.program or "(kernel)"


def _copies(lane: Lane) -> Hashable:
    """What copies of a program have in common."""
    return _stem(lane.host), _stem(lane.program), not lane.program


def _host(lane: Lane) -> Hashable:
    return _stem(lane.host)


def _stem(name: str) -> str:
    copy = _COPY.fullmatch(name)
    return copy[1] if copy else name


def _folded(groups: list[list[int]], kins: Sequence[Hashable], most: int) -> list[list[int]]:
    """The groups, those of a kin put together until no more than `most` are left. `kins`: each lane's."""
    families: dict[Hashable, list[list[int]]] = {}
    for group in groups:
        families.setdefault(kins[group[0]], []).append(group)
    for family in sorted(families.values(), key=len, reverse=True):
        if len(groups) <= most or len(family) == 1:
            break
        merged = sorted(number for group in family for number in group)
        place = groups.index(family[0])
        groups = [group for group in groups if group not in family]
        groups.insert(place, merged)
    return groups


def _column(lanes: Sequence[Lane], group: Sequence[int]) -> Column:
    programs = [lanes[number] for number in group if lanes[number].program]
    hosts = {lane.host for lane in programs}
    strangers = [lanes[number] for number in group if not lanes[number].program and lanes[number].host not in hosts]
    first = lanes[group[0]]
    kernels = len(group) - len(programs) - len(strangers)
    if len(group) - kernels == 1:
        return Column(tuple(group), first.host, first.program, first.command, kernels)
    named = programs + strangers
    hosts_named = _named(tuple(dict.fromkeys(lane.host for lane in named)))
    return Column(
        tuple(group), hosts_named, _named(tuple(dict.fromkeys(lane.program for lane in named))), first.command, kernels
    )


def _named(names: tuple[str, ...]) -> str:
    """Copies of one name as their range; of different ones so many as a heading has room for."""
    if len(names) == 1 or len(set(map(_stem, names))) == 1:
        return together(names)
    shown = [name or "kernel" for name in names]
    return ", ".join(shown if len(names) < 4 else [*shown[:2], f"{len(names) - 2} others"])
