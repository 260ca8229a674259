"""The `sysctls` of a host -> kernel settings that a scenario may declare, each with a value that the kernel takes.

An allow-list: settings that belong to a network namespace, that both engines can set before the first program
starts, and that make a claim visible or quick. Everything else is pinned equal on both engines
(labctl.plan.sysctls). Measured on Linux 6.18; names and units: Documentation/networking/ip-sysctl.rst, arp(7).
"""

from __future__ import annotations

import re

from msgspec import Struct

from labctl.scenario.kinds.basic import whole
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import JsonSchema, Kind, Page, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar

_INT_MAX = 2**31 - 1
_TICKS_MAX = _INT_MAX // 1000  # seconds and ticks become jiffies, of which there are at most 1000 in a second
_QUEUE_MAX = 900_000  # kept in bytes, about 2200 each: 2^31 of them, on every architecture


class Values(Struct, frozen=True):
    """What a setting takes: a whole number between these bounds, both included; or several, in ascending order."""

    low: int
    high: int
    numbers: int = 1
    example: str = ""

    def wanted(self) -> str:
        """The right form, as a hint has it."""
        if self.numbers == 1:
            return f"write a whole number from {self.low} to {self.high}"
        return f"write {self.numbers} ascending whole numbers from {self.low} to {self.high}, like `{self.example}`"

    def read(self, text: str) -> str | None:
        """The value as the kernel is given it, None where the text is none."""
        numbers = [whole(word) for word in text.split()]
        if len(numbers) != self.numbers:
            return None
        good = [number for number in numbers if number is not None and self.low <= number <= self.high]
        return " ".join(map(str, good)) if len(good) == self.numbers and good == sorted(good) else None

    def schema(self) -> JsonSchema:
        """What an editor is told."""
        if self.numbers == 1:
            return {"type": "integer", "minimum": self.low, "maximum": self.high}
        return {"type": "string", "pattern": "^[0-9]+" + r"\s+[0-9]+" * (self.numbers - 1) + "$"}


_COUNT, _MS = Values(0, _INT_MAX), Values(0, _INT_MAX)
_SECONDS, _TICKS = Values(0, _TICKS_MAX), Values(0, _TICKS_MAX)

NEIGHBOUR: dict[str, Values] = {
    "anycast_delay": _TICKS,
    "app_solicit": _COUNT,
    "base_reachable_time": _SECONDS,
    "base_reachable_time_ms": _MS,
    "delay_first_probe_time": _SECONDS,
    "gc_stale_time": _SECONDS,
    "interval_probe_time_ms": Values(1, _INT_MAX),
    "locktime": _TICKS,
    "mcast_resolicit": _COUNT,
    "mcast_solicit": _COUNT,
    "proxy_delay": _TICKS,
    "proxy_qlen": _COUNT,
    "retrans_time": _TICKS,
    "retrans_time_ms": _MS,
    "ucast_solicit": _COUNT,
    "unres_qlen": Values(0, _QUEUE_MAX),
    "unres_qlen_bytes": _COUNT,
}
"""The settings of an interface's neighbour table, by their last word. The table's own sizes are the machine's."""

_TABLES = ("net.ipv4.neigh.eth0", "net.ipv6.neigh.eth0")
_PLAIN: dict[str, Values] = {
    "net.core.somaxconn": Values(0, _INT_MAX),
    "net.ipv4.icmp_ratelimit": _MS,
    "net.ipv4.ip_unprivileged_port_start": Values(0, 32768),  # the ports that the kernel itself gives begin there
    "net.ipv4.tcp_rmem": Values(1, _INT_MAX, numbers=3, example="4096 131072 6291456"),
    "net.ipv4.tcp_syn_retries": Values(1, 127),
}
SETTABLE: dict[str, Values] = _PLAIN | {
    f"{table}.{name}": values for table in _TABLES for name, values in NEIGHBOUR.items()
}
"""Every setting that a scenario may declare, by its name."""


def _read(node: Node, page: Page) -> dict[str, str] | None:
    if not isinstance(node, MapNode):
        note_kind(node, page, "a map of sysctls", "write it like `{net.ipv4.tcp_syn_retries: 1}`")
        return None
    settings = {name.text: _read_setting(name, value, page) for name, value in node.entries}
    return {name: value for name, value in settings.items() if value is not None}


def _read_setting(name: Scalar, node: Node, page: Page) -> str | None:
    values = SETTABLE.get(name.text)
    if values is None:
        page.wrong(name, f"a scenario cannot set {quoted(name.text)}", _hint(name.text))
        return None
    if not isinstance(node, Scalar) or node.is_null:
        note_kind(node, page, f"a value of {name.text}", values.wanted())
        return None
    value = values.read(node.text)
    if value is None:
        page.wrong(node, f"{quoted(node.text)} is not a value of {name.text}", values.wanted())
    return value


def _hint(name: str) -> str | None:
    """The right name where there is one near it, and the list of all."""
    dotted = name.replace("/", ".").removeprefix("proc.sys.")
    if dotted in SETTABLE:
        return f"write `{dotted}`"
    found = re.fullmatch(r"(net\.ipv[46]\.neigh)\.([^.]+)\.(.+)", dotted)
    if found is not None and found[2] == "eth0":
        return did_you_mean(found[3], NEIGHBOUR, kinds=f"settings of {found[1]}.eth0")
    if found is not None and found[3] in NEIGHBOUR:
        return f"write `{found[1]}.eth0.{found[3]}`: that is a host's interface"
    near = did_you_mean(dotted.rpartition(".")[2], [plain.rpartition(".")[2] for plain in _PLAIN])
    listed = f"settings: {', '.join(_PLAIN)}, {', '.join(f'{table}.*' for table in _TABLES)}"
    return f"{near} {listed}" if near else f"choose one of the {listed}"


SYSCTLS: Kind[dict[str, str]] = Kind(
    "a map of sysctls",
    _read,
    {
        "type": "object",
        "properties": {name: values.schema() for name, values in SETTABLE.items()},
        "additionalProperties": False,
    },
)
