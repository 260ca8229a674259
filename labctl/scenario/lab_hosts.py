"""The `hosts` map -> hosts as a scenario asks for them."""

from __future__ import annotations

from collections.abc import Collection

from labctl.scenario.kinds.basic import BOOL, COUNT, MOST_COPIES, NAME
from labctl.scenario.kinds.maps import object_schema, read_map, table
from labctl.scenario.model import HostSpec
from labctl.scenario.names import copies
from labctl.scenario.problems import did_you_mean
from labctl.scenario.reading import Key, Kind, Page, note_kind
from labctl.scenario.settable import SYSCTLS
from labctl.scenario.words import HOST_WORDS
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence


def _read_absent(node: Node, page: Page) -> bool | None:
    absent = BOOL.read(node, page)
    if absent is False:
        page.wrong(node, "'absent' can only be true", "leave it out")
    return absent


_COUNT = Key("count", COUNT, "so many hosts of this kind: x-1 to x-N instead of x")
_ABSENT = Key(
    "absent", Kind("true", _read_absent, {"const": True}), "a name and an address, and no machine behind them"
)
_SYSCTLS = Key("sysctls", SYSCTLS, "kernel settings of this host, made before the first step and shown in the report")
_HOST_KEYS = table(_COUNT, _ABSENT, _SYSCTLS)


def _read_hosts(node: Node, page: Page) -> tuple[HostSpec, ...] | None:
    if not isinstance(node, MapNode):
        note_kind(node, page, "a map of hosts", _map_hint(node))
        return None
    if not node.entries:
        page.wrong(node, "a scenario needs a host", "name one, or leave `hosts` out for all of compose.yaml")
        return None
    specs = [_read_host(name, value, page) for name, value in node.entries]
    good = tuple(spec for spec in specs if spec is not None)
    if sum(spec.count or 1 for spec in good) > MOST_COPIES:
        page.wrong(node, f"a lab has at most {MOST_COPIES} hosts", "ask for fewer")
        return None
    _note_doubles(good, page)
    return good if len(good) == len(specs) else None


def _map_hint(node: Node) -> str | None:
    """A list of hosts as the map that it should be."""
    names = [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, Sequence) else []
    return f"write `{{{', '.join(f'{name}: {{}}' for name in names)}}}`" if 0 < len(names) < 6 else None


def _read_host(name: Scalar, node: Node, page: Page) -> HostSpec | None:
    service = NAME.read(name, page)
    if isinstance(node, Scalar) and node.is_null:
        return None if service is None else HostSpec(service, name.at)
    if not isinstance(node, MapNode):
        note_kind(node, page, "a map like `{}` or `{count: 3}`")
        return None
    values = read_map(node, page, _HOST_KEYS, HOST_WORDS)
    absent = values.get(_ABSENT) or False
    if absent and "sysctls" in values.keys:
        page.wrong(values.keys["sysctls"], "an absent host has no kernel to set", "remove it")
    if service is None:
        return None
    return HostSpec(service, name.at, values.get(_COUNT), absent, values.get(_SYSCTLS) or {})


def _note_doubles(specs: tuple[HostSpec, ...], page: Page) -> None:
    """client-1 may not be there twice: by that name, and as the first of a counted client."""
    owner: dict[str, HostSpec] = {}
    for spec in specs:
        for name in copies(spec.service, spec.count):
            if (other := owner.setdefault(name, spec)) is not spec:
                hint = "rename one of them"
                page.wrong(spec.at, f"the host '{name}' is also one of '{other.service}'", hint)
                break


def check_services(specs: tuple[HostSpec, ...], services: Collection[str], page: Page) -> None:
    """Every host that is a machine is a service of compose.yaml."""
    for spec in specs:
        if not spec.absent and spec.service not in services:
            hint = did_you_mean(spec.service, services, kinds="services")
            page.wrong(spec.at, f"compose.yaml has no service '{spec.service}'", hint)


HOSTS: Kind[tuple[HostSpec, ...]] = Kind(
    "a map of hosts",
    _read_hosts,
    {
        "type": "object",
        "propertyNames": NAME.schema,
        "additionalProperties": {"anyOf": [{"type": "null"}, object_schema(_HOST_KEYS)]},
        "minProperties": 1,
    },
)
