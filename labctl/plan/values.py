"""Nodes of a compose.yaml -> values: sizes, counts, maps of texts."""

from __future__ import annotations

import re

from labctl.scenario.problems import quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Mapping, Node, Scalar, Sequence

_SIZE = re.compile(r"(\d+)\s*(?:([kmg]?)b?)", re.IGNORECASE)
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
"""Labels and how long they are: RFC 1123, section 2.1."""

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def read_size(node: Node, page: Page) -> int | None:
    """Bytes, of `512m` or `1g`; None after noting what is wrong."""
    if isinstance(node, Scalar) and (found := _SIZE.fullmatch(node.text)):
        return int(found[1]) * _UNITS[found[2].lower()]
    note_kind(node, page, "a size like 512m")
    return None


def read_whole(node: Node, page: Page) -> int | None:
    """A whole number, not negative; None after noting what is wrong, and for -1, which is no limit."""
    if isinstance(node, Scalar) and node.text.isascii() and node.text.isdigit():
        return int(node.text)
    if not (isinstance(node, Scalar) and node.text == "-1"):
        note_kind(node, page, "a whole number")
    return None


def read_environment(node: Node, page: Page) -> dict[str, str]:
    """Variables of `{NAME: value}` or `[NAME=value]`."""
    return read_texts(node, page, "a map or a list of NAME=value")


def read_sysctls(node: Node, page: Page) -> dict[str, str]:
    """Kernel settings of `{net.x: 1}` or `[net.x=1]`. Others than the network's are problems."""
    sysctls = read_texts(node, page, "a map or a list of net.NAME=value")
    for name in sysctls:
        if not name.startswith("net."):
            page.wrong(node, f"{quoted(name)} is not the network's", "set only what begins with `net.`")
    return sysctls


def read_names(node: Node, page: Page, title: str) -> tuple[str, ...]:
    """Names of hosts, of a list; what is none is noted."""
    if not isinstance(node, Sequence):
        note_kind(node, page, title)
        return ()
    names: list[str] = []
    for item in node.items:
        if isinstance(item, Scalar) and _HOST_NAME.fullmatch(item.text):
            names.append(item.text)
        else:
            note_kind(item, page, "the name of a host, of letters, digits, - and .")
    return tuple(dict.fromkeys(names))


def merged(node: Mapping, page: Page) -> dict[str, tuple[Scalar, Node]]:
    """A map's entries by name, and under them those of the maps at `<<` (YAML 1.1)."""
    found: dict[str, tuple[Scalar, Node]] = {}
    own = {key.text: (key, value) for key, value in node.entries}
    _, below = own.pop("<<", (None, None))
    for other in below.items if isinstance(below, Sequence) else (below,):
        if isinstance(other, Mapping):
            found = merged(other, page) | found
        elif other is not None:
            note_kind(other, page, "a map")
    return found | own


def read_ulimits(node: Node, page: Page) -> dict[str, int]:
    """Hard limits of `{nofile: 1024}` or `{nofile: {soft: 512, hard: 1024}}`."""
    limits = {}
    if not isinstance(node, Mapping):
        note_kind(node, page, "a map of limits")
        return {}
    for key, value in node.entries:
        bounds = {name.text: bound for name, bound in value.entries} if isinstance(value, Mapping) else {"hard": value}
        limit = read_whole(bounds.get("hard", value), page)
        if limit is not None:
            limits[key.text] = limit
    return limits


def read_texts(node: Node, page: Page, title: str) -> dict[str, str]:
    texts = {}
    if isinstance(node, Mapping):
        for key, value in node.entries:
            if isinstance(value, Scalar) and not value.is_null:
                texts[key.text] = value.text.replace("$$", "$")
            elif isinstance(value, Scalar) and value.text == "" and not value.plain:
                texts[key.text] = ""
            else:
                note_kind(value, page, f"the value of {quoted(key.text)}")
    elif isinstance(node, Sequence):
        for item in node.items:
            name, equals, text = item.text.partition("=") if isinstance(item, Scalar) else ("", "", "")
            if equals:
                texts[name] = text.replace("$$", "$")
            else:
                note_kind(item, page, "NAME=value")
    else:
        note_kind(node, page, title)
    return texts
