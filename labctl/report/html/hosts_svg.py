"""A story -> the SVG of its hosts on one wire: names, addresses, the programs that ran there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from labctl.observe.story import HostSeen, Story
from labctl.report.html.safe import clipped, inside, marked_up
from labctl.report.wording import together
from labctl.scenario.problems import printable

_BOX = 210
_BETWEEN = 56
_PLACES = 26
_LINE = 17
_MOST_PROGRAMS = 4
_COPY = re.compile(r"(.+)-\d+")


class _Place(Struct, frozen=True):
    """A host, or all copies of one."""

    name: str
    lines: tuple[str, ...]
    is_absent: bool

    @property
    def height(self) -> int:
        return 34 + _LINE * len(self.lines)


def hosts_svg(story: Story) -> str:
    """Hosts left and right of a wire, in the story's order. One that is only a name has a dotted frame and no wire.

    Of several networks each has its drawing, with the hosts that are on it.
    """
    networks = dict.fromkeys(name for host in story.hosts for name in host.networks or ())
    if len(networks) < 2:
        return _wired(list(_places(story, story.hosts)), "hosts on one network")
    drawings = (
        _wired(
            list(_places(story, [host for host in story.hosts if name in (host.networks or ())])),
            f"hosts on the network {name}",
            title=name,
        )
        for name in networks
    )
    return "".join(drawings)


def _wired(places: list[_Place], label: str, *, title: str = "") -> str:
    rows = [places[at : at + 2] for at in range(0, len(places), 2)]
    width, top, parts = 2 * _BOX + _BETWEEN, 4, list[str]()
    if title:
        parts.append(f'<text x="0" y="{top + _LINE}">{inside(clipped(printable(title), _PLACES * 2))}</text>')
        top += _LINE + 12
    middle = width // 2
    joints = []
    for row in rows:
        for side, place in enumerate(row):
            left = 0 if side == 0 else _BOX + _BETWEEN
            parts.append(_box(place, left, top))
            if not place.is_absent:
                joints.append(top + 20)
                parts.append(f'<path class="wire" d="M{left + (_BOX if side == 0 else 0)},{top + 20}H{middle}"/>')
        top += max(place.height for place in row) + 14
    if joints:
        parts.append(f'<path class="wire" d="M{middle},{min(joints) - 14}V{max(joints) + 14}"/>')
        parts += [f'<circle class="joint" cx="{middle}" cy="{at}" r="3.5"/>' for at in joints]
    label += ": " + ", ".join(place.name for place in places)
    height = max(top, 20)
    return (
        f'<svg class="topology" role="img" width="{width}" height="{height}" viewBox="-1 0 {width + 2} {height}"'
        f' aria-label="{marked_up(label)}">{"".join(parts)}</svg>'
    )


def _box(place: _Place, left: int, top: int) -> str:
    absent = " absent" if place.is_absent else ""
    lines = "".join(
        f'<text x="{left + 12}" y="{top + 25 + _LINE * number}">{inside(clipped(printable(line), _PLACES))}</text>'
        for number, line in enumerate(place.lines, 1)
    )
    name = inside(clipped(printable(place.name), _PLACES - 4))
    return (
        f'<g class="host{absent}"><rect x="{left}" y="{top}" width="{_BOX}" height="{place.height}" rx="8"/>'
        f'<text class="name" x="{left + 12}" y="{top + 24}">{name}</text>'
        f"{lines}</g>"
    )


def _places(story: Story, seen: Sequence[HostSeen]) -> Iterator[_Place]:
    """Copies of one host are one place."""
    groups: dict[str, list[HostSeen]] = {}
    for host in seen:
        copy = _COPY.fullmatch(host.name)
        groups.setdefault(f"{copy[1]}-" if copy else host.name, []).append(host)
    for hosts in groups.values():
        names = {host.name for host in hosts}
        programs = list(dict.fromkeys(lane.program for lane in story.lanes if lane.host in names and lane.program))
        first = hosts[0]
        more = ("…",) if len(hosts) > 1 and first.addresses else ()
        lines = ("no machine",) if first.is_absent else tuple(_named(programs))
        yield _Place(together(tuple(host.name for host in hosts)), (*first.addresses, *more, *lines), first.is_absent)


def _named(programs: Sequence[str]) -> Iterator[str]:
    """The programs, of many only how many there are."""
    if len(programs) > _MOST_PROGRAMS:
        yield f"▪ {len(programs)} programs"
    else:
        yield from (f"▪ {program}" for program in programs)
