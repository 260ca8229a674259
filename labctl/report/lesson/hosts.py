"""A plan -> its hosts as a small drawing, and what is to be known of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from msgspec import Struct

from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.report.paragraphs import WIDTH
from labctl.report.wording import together
from labctl.scenario.model import HostSpec
from labctl.scenario.names import copies

_INDENT = "  "
_LINES = str.maketrans("┌┐└┘─│┬┴┄", "++++-|++.")


class _Box(Struct, frozen=True):
    """What stands for a host, or for all copies of one: a name in a frame, wired or not."""

    label: str
    is_wired: bool

    def lines(self) -> tuple[str, str, str, str]:
        """Top, name, bottom, and the wire below it."""
        inner = len(self.label) + 2
        if not self.is_wired:
            return f" {'┄' * inner} ", f"  {self.label}  ", f" {'┄' * inner} ", "─" * (inner + 2)
        left = inner // 2
        right = inner - left - 1
        below = f"{'─' * (left + 1)}┴{'─' * (right + 1)}"
        return f"┌{'─' * inner}┐", f"│ {self.label} │", f"└{'─' * left}┬{'─' * right}┘", below


def drawing(specs: Sequence[HostSpec], plan: Plan, *, beyond_ascii: bool) -> Iterator[str]:
    """The hosts as boxes side by side on one wire; an absent one is a frame of dots. More than fit come below.

    Of several networks each has its wire, with the hosts that are on it, and its name below.
    """
    if len(plan.nets) == 1:
        yield from _wired(specs, beyond_ascii=beyond_ascii)
        return
    named: list[HostPlan | AbsentHost] = [*plan.hosts, *plan.absent]
    networks = {host.name: [wire.network for wire in host.wires] for host in named}
    for network in plan.nets:
        there = [spec for spec in specs if network.name in networks[next(iter(copies(spec.service, spec.count)))]]
        yield from _wired(there, beyond_ascii=beyond_ascii)
        yield f"{_INDENT}network {network.name}"
        yield ""


def _wired(specs: Sequence[HostSpec], *, beyond_ascii: bool) -> Iterator[str]:
    for row in _rows([_Box(together(copies(spec.service, spec.count)), not spec.absent) for spec in specs]):
        parts = [box.lines() for box in row]
        for number in range(4):
            gap = "──" if number == 3 else "  "
            line = _INDENT + gap.join(part[number] for part in parts)
            yield (line if beyond_ascii else line.translate(_LINES)).rstrip()


def _rows(boxes: Sequence[_Box]) -> Iterator[list[_Box]]:
    row: list[_Box] = []
    for box in boxes:
        if row and len(_INDENT) + sum(len(each.label) + 6 for each in [*row, box]) - 2 > WIDTH:
            yield row
            row = []
        row.append(box)
    if row:
        yield row


def facts(specs: Sequence[HostSpec], plan: Plan, words: Container[str]) -> Iterator[str]:
    """What the drawing doesn't say: hosts that are none, other names, kernel settings that were asked for.

    Of the other names those among `words`, which the scenario uses.
    """
    for spec in specs:
        name = together(copies(spec.service, spec.count))
        if spec.absent:
            yield f"{name}: a name and an address, and no machine"
            continue
        hosts = [host for host in plan.hosts if host.service == spec.service]
        aliases = dict.fromkeys(alias for host in hosts for alias in host.names[1:])
        for alias in (alias for alias in aliases if alias in words):
            several = f", a name with {len(hosts)} addresses" if len(hosts) > 1 else ""
            yield f"{name}: can be called {alias}, too{several}"
        declared = next((host.declared for host in hosts if host.declared), {})
        for setting, value in declared.items():
            yield f"{name}: {setting} is set to {value}"
