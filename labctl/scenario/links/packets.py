"""Which packets: WHICH (the 2nd and the 4th, a fifth of them, …) and ONLY (of a protocol, with a port)."""

from __future__ import annotations

import re
from typing import Literal, cast

from labctl.scenario.kinds.basic import TEXT, from_one, list_of, port_number
from labctl.scenario.kinds.maps import object_schema, read_map, table
from labctl.scenario.model import Only, Which
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page, Words
from labctl.scenario.states.subjects import nearly_port
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Sequence

LARGEST_ORDINAL = 1_000_000

_PERCENT = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)%"
_NEARLY_PERCENT = r"([0-9]{1,3}(?:\.[0-9]{1,6})?) *(?:%|percent|per cent)"
_FRACTION = r"0?\.[0-9]{1,6}"
_LISTED = r"[0-9]+(?:[, ]+[0-9]+)+"
_PORT = r"(tcp|udp) ([0-9]+)"
_EVERYTHING = ("all", "any", "every", "true", "yes", "*")


_NO_PACKET_0 = ("there is no packet 0", "write 1 for the first: packets count from 1")
_ORDINAL = from_one(LARGEST_ORDINAL, zero=_NO_PACKET_0)
_LIST = list_of(_ORDINAL, "a list of ordinals")


def _read_ordinals(node: Node, page: Page) -> tuple[int, ...] | None:
    ordinals = _LIST.read(node, page)
    if ordinals is not None and len(set(ordinals)) < len(ordinals):
        twice = next(number for number in ordinals if ordinals.count(number) > 1)
        page.wrong(node, f"packet {twice} stands here twice", "keep one of them")
        return None
    return None if ordinals is None else tuple(sorted(ordinals))


ORDINALS: Kind[tuple[int, ...]] = Kind(_LIST.title, _read_ordinals, {**_LIST.schema, "uniqueItems": True})


def _read_part(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text == "":
        page.wrong(node, 'every packet contains ""', "write `100%` for all packets")
        return None
    return text


_FIRST, _EVERY = Key("first", _ORDINAL, "the first so many"), Key("every", _ORDINAL, "every so many-th")
_CONTAINS = Key("contains", Kind("a text", _read_part, TEXT.schema), "those with this text in them")
_WHICH_KEYS = table(_FIRST, _EVERY, _CONTAINS)
_WHICH_WORDS = Words(
    "which packets",
    {
        "udp": "write `only: udp` beside it",
        "tcp": "write `only: tcp` beside it",
        "icmp": "write `only: icmp` beside it",
        "port": "write `only: tcp 51717` beside it",
        "percent": "write `20%`",
        "share": "write `20%`",
        "probability": "write `20%`",
        "nth": "write a list: `[3]`",
        "burst": "write `burst` beside it",
        "hold": "write `hold` beside it",
        "visible": "write `visible` beside it",
        "seed": "write `seed` beside it",
        "only": "write `only` beside it",
    },
)


def _read_which(node: Node, page: Page) -> Which | None:
    if isinstance(node, Sequence):
        ordinals = ORDINALS.read(node, page)
        return None if ordinals is None else Which(ordinals=ordinals)
    if isinstance(node, MapNode):
        return _read_which_map(node, page)
    text = TEXT.read(node, page)
    if text is None or text == "fragments":
        return None if text is None else Which(fragments=True)
    found = re.fullmatch(_PERCENT, text)
    if found is None:
        page.wrong(node, f"{quoted(text)} does not say which packets", _which_hint(text))
        return None
    share = float(found[1]) / 100
    if share > 1:
        page.wrong(node, f"{quoted(text)} is more than all packets", "write at most `100%`")
    elif share == 0:
        page.wrong(node, f"{quoted(text)} is no packet at all", "leave it out; a `heal` step ends a loss")
    return Which(share=share) if 0 < share <= 1 else None


def _read_which_map(node: MapNode, page: Page) -> Which | None:
    values = read_map(node, page, _WHICH_KEYS, _WHICH_WORDS)
    if len(values.nodes) != 1:
        if values.nodes.keys() <= _WHICH_KEYS.keys():  # else it has been said what is unknown
            page.wrong(node, "one of first, every and contains is expected here", "write it like `{first: 3}`")
        return None
    which = Which(first=values.get(_FIRST) or 0, every=values.get(_EVERY) or 0, contains=values.get(_CONTAINS) or "")
    return None if which == Which() else which


def _which_hint(text: str) -> str:
    if text.isascii() and text.isdigit():
        return f"write a list: `[{text}]`"
    if re.fullmatch(_LISTED, text):
        return f"write a list: `[{', '.join(re.findall('[0-9]+', text))}]`"
    if found := re.fullmatch(_NEARLY_PERCENT, text):
        return f"write `{found[1]}%`"
    if re.fullmatch(_FRACTION, text):
        return f"write `{float(text) * 100:g}%`"
    return "write `100%`" if text in _EVERYTHING else "write it like `[2, 4]`, `20%` or `{first: 3}`"


WHICH: Kind[Which] = Kind(
    "which packets, like `[2, 4]` or `20%`",
    _read_which,
    {
        "anyOf": [
            ORDINALS.schema,
            {"type": "string", "pattern": r"^((100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,6})?)%|fragments)$"},
            object_schema(_WHICH_KEYS, minProperties=1, maxProperties=1),
        ]
    },
)

_NO_PROTOCOL = {
    **dict.fromkeys(("any", "all", "ip", "*"), "leave it out for all packets"),
    **dict.fromkeys(("arp", "nd", "ndp"), "leave it out: ARP and ND always pass"),
    **dict.fromkeys(("icmpv6", "icmp6", "ping", "echo"), "write `icmp`"),
    "unix": "leave it out: unix sockets use no link",
    "port": "write it like `tcp 51717`",
}


def _read_only(node: Node, page: Page) -> Only | None:
    text = TEXT.read(node, page)
    if text is None or text in ("tcp", "udp", "icmp"):
        return None if text is None else Only(cast(Literal["tcp", "udp", "icmp"], text))
    found = re.fullmatch(_PORT, text)
    if found is None:
        page.wrong(node, f"{quoted(text)} does not say which packets", _only_hint(text))
        return None
    number = port_number(found[2], node, page)
    return None if number is None else Only(cast(Literal["tcp", "udp"], found[1]), number)


def _only_hint(text: str) -> str:
    word = text.lower().split(" ", 1)[0]
    if text.lower() in ("tcp", "udp", "icmp"):
        return f"write `{text.lower()}`"
    if word in ("icmp", "icmpv6", "icmp6"):
        return "write `icmp`: it has no ports"
    if (found := nearly_port(text)) and found[6]:
        return f"write `tcp {found[6]}` or `udp {found[6]}`"
    if found:
        protocol, number = (found[1] or found[5]).lower(), found[3] or found[4]
        named = ": the link names the hosts" if found[2] else ""
        return f"write `{protocol} {number}`{named}"
    return _NO_PROTOCOL.get(word, "write it like `tcp`, `udp`, `icmp` or `udp 51717`")


ONLY: Key[Only] = Key(
    "only",
    Kind(
        "packets like `udp 51717`",
        _read_only,
        {"type": "string", "pattern": "^(tcp|udp|icmp|(tcp|udp) [1-9][0-9]{0,4})$"},
    ),
    "only these packets count; a port on either side does",
)
