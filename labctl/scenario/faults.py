"""The keys of `link` and `heal`: read and checked for their words, until the faults themselves come."""

from __future__ import annotations

import re
from typing import Any

from labctl.scenario.kinds import BOOL, COUNT, TEXT, WHOLE, list_of, one_of
from labctl.scenario.maps import object_schema, read_map, table
from labctl.scenario.measures import TIME
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page, Words
from labctl.scenario.subjects import LINK, LINK_PATTERN
from labctl.scenario.yaml_tree import Mapping as MapNode
from labctl.scenario.yaml_tree import Node, Sequence

_PERCENT = r"(?:100|[0-9]{1,2}(?:\.[0-9]+)?)%"
_RATE = r"[0-9]+(?:\.[0-9]+)?[kmg]?bit"
_CUTS = ("silent", "reset", "port-unreachable", "host-unreachable", "net-unreachable", "admin-prohibited")
_CUT_HINTS = {
    "true": "write `cut: silent`",
    "yes": "write `cut: silent`",
    "drop": "write `cut: silent`",
    "down": "write `cut: silent`",
    "partition": "write `cut: silent`",
    "unreachable": "write `host-unreachable`, `net-unreachable` or `port-unreachable`",
    "rst": "write `reset`",
    "false": "write a `heal` step",
}

_ORDINALS = list_of(COUNT, "a list of ordinals")
_WHICH_KEYS = table(Key("first", COUNT), Key("every", COUNT), Key("contains", TEXT))
_WHICH_WORDS = Words(
    "which packets",
    {
        "udp": "write `only: udp` beside it",
        "tcp": "write `only: tcp` beside it",
        "icmp": "write `only: icmp` beside it",
        "percent": "write `20%`",
        "nth": "write a list: `[3]`",
        "only": "write `only` beside it",
    },
)


def _read_which(node: Node, page: Page) -> Node | None:
    if isinstance(node, Sequence):
        return node if _ORDINALS.read(node, page) else None
    if isinstance(node, MapNode):
        values = read_map(node, page, _WHICH_KEYS, _WHICH_WORDS)
        if len(values.nodes) != 1:
            page.wrong(
                node, "one of first, every and contains is expected here", "write it like `{first: 3}`"
            )
        return node
    text = TEXT.read(node, page)
    if text is None or text == "fragments" or re.fullmatch(_PERCENT, text):
        return node
    hint = (
        f"write a list: `[{text}]`"
        if text.isascii() and text.isdigit()
        else "write it like `[2, 4]`, `20%` or `{first: 3}`"
    )
    page.wrong(node, f"{quoted(text)} does not say which packets", hint)
    return None


def _pattern(title: str, pattern: str, example: str) -> Kind[str]:
    def read(node: Node, page: Page) -> str | None:
        text = TEXT.read(node, page)
        if text is None or re.fullmatch(pattern, text):
            return text
        page.wrong(node, f"{quoted(text)} is not {title}", f"write it like `{example}`")
        return None

    return Kind(title, read, {"type": ["string", "number"], "pattern": f"^{pattern}$"})


def _read_only(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None or re.fullmatch(r"tcp|udp|icmp|(tcp|udp) [0-9]{1,5}", text):
        return text
    page.wrong(
        node,
        f"{quoted(text)} does not say which packets",
        "write it like `tcp`, `udp`, `icmp` or `udp 51717`",
    )
    return None


def _read_healed(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None or text == "all":
        return text
    if text in ("true", "yes"):
        page.wrong(node, f"{quoted(text)} is not a link", "write `heal: A -> B`, or `heal: all`")
        return None
    return text if LINK.read(node, page) else None


_WHICH: Kind[Node] = Kind(
    "which packets",
    _read_which,
    {
        "anyOf": [
            _ORDINALS.schema,
            {"type": "string", "pattern": r"^([0-9.]+%|fragments)$"},
            object_schema(_WHICH_KEYS, minProperties=1, maxProperties=1),
        ]
    },
)
ONLY = Key(
    "only", Kind("packets like `udp 51717`", _read_only, {"type": "string", "pattern": "^(tcp|udp|icmp)"})
)
HEAL = Key(
    "heal",
    Kind(
        "a LINK, or `all`",
        _read_healed,
        {"anyOf": [{"const": "all"}, {"type": "string", "pattern": LINK_PATTERN}]},
    ),
    required=True,
)
LINK_KEY = Key("link", LINK, required=True)
LINK_KEYS: dict[str, Key[Any]] = table(
    LINK_KEY,
    ONLY,
    *(Key(name, _WHICH) for name in ("drop", "duplicate", "corrupt", "reorder")),
    Key("burst", _pattern("a length", r"[0-9]+(\.[0-9]+)?", "3.5")),
    Key("hold", COUNT),
    Key("visible", BOOL),
    Key("delay", TIME),
    Key("jitter", TIME),
    Key("rate", _pattern("a rate", _RATE, "1mbit")),
    Key("queue", TIME),
    Key("cut", one_of("a way to cut", _CUTS, _CUT_HINTS)),
    Key("seed", WHOLE),
)
