"""`order`: the packets that must pass a link one after another, `-> SYN`, `<- SYN-ACK`, each by direction and WORD."""

from __future__ import annotations

import re

from labctl.scenario.kinds.basic import TEXT, list_of
from labctl.scenario.model import Link, Only, Passing
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Key, Kind, Page, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Sequence

PASSING: dict[str, str] = {
    **dict.fromkeys(("SYN", "SYN-ACK", "ACK", "DATA", "FIN", "RST"), "tcp"),
    "DATAGRAM": "udp",
    **dict.fromkeys(("ECHO", "ECHO-REPLY", "TIME-EXCEEDED"), "icmp"),
    **dict.fromkeys(
        ("PORT-UNREACHABLE", "HOST-UNREACHABLE", "NET-UNREACHABLE", "ADMIN-PROHIBITED"),
        "icmp",
    ),
}
"""What a packet is called, and of which protocol it is. DATA and FIN may be one segment: then DATA comes first."""

_FORWARD, _BACK = "->", "<-"
_ARROWS = {
    **dict.fromkeys(("->", "→", "-->", "=>", ">"), _FORWARD),
    **dict.fromkeys(("<-", "←", "<--", "<=", "<"), _BACK),
}
_ARROW = "|".join(sorted(map(re.escape, _ARROWS), key=len, reverse=True))
_BETWEEN = r"<->|↔|->|→|<-|←"
_ITEM = r"(->|→|<-|←)\s*([A-Z-]*[A-Z])"
_INSTEAD = {
    **dict.fromkeys(("S", "CONNECT", "CALL"), "SYN"),
    **dict.fromkeys(("SYNACK", "ACK-SYN", "ACKSYN", "S."), "SYN-ACK"),
    **dict.fromkeys((".", "ACKNOWLEDGEMENT", "ACKNOWLEDGMENT"), "ACK"),
    **dict.fromkeys(("PUSH", "PSH", "PSH-ACK", "PSHACK", "PUSH-ACK", "P", "P."), "DATA"),
    **dict.fromkeys(("WRITE", "PAYLOAD", "SEGMENT", "BYTES", "MESSAGE"), "DATA"),
    **dict.fromkeys(("FIN-ACK", "FINACK", "FIN-PSH-ACK", "F", "F.", "FP.", "CLOSE", "END"), "FIN"),
    **dict.fromkeys(("RESET", "RST-ACK", "RSTACK", "R", "R.", "REFUSED"), "RST"),
    **dict.fromkeys(("UDP", "DGRAM", "UDP-DATAGRAM"), "DATAGRAM"),
    **dict.fromkeys(("PING", "ECHO-REQUEST", "REQUEST"), "ECHO"),
    **dict.fromkeys(("PONG", "REPLY", "ECHO-RESPONSE"), "ECHO-REPLY"),
    **dict.fromkeys(("ADDRESS-UNREACHABLE", "ADDR-UNREACHABLE"), "HOST-UNREACHABLE"),
    **dict.fromkeys(("NETWORK-UNREACHABLE", "NO-ROUTE"), "NET-UNREACHABLE"),
    **dict.fromkeys(("PROHIBITED", "ADMINISTRATIVELY-PROHIBITED", "FORBIDDEN"), "ADMIN-PROHIBITED"),
    **dict.fromkeys(("TTL", "TTL-EXCEEDED", "HOP-LIMIT-EXCEEDED"), "TIME-EXCEEDED"),
}
_HINT = "write it like `-> SYN`, and `<- SYN-ACK` for the way back"


def _read_passing(node: Node, page: Page) -> Passing | None:
    if isinstance(node, MapNode):
        note_kind(node, page, "a packet like `-> SYN`", _HINT)
        return None
    text = TEXT.read(node, page)
    if text is None:
        return None
    arrow, _, word = text.partition(" ")
    if arrow in (_FORWARD, _BACK) and word in PASSING:
        return Passing(arrow == _FORWARD, word)
    page.wrong(node, *_wrong(text))
    return None


def _wrong(text: str) -> tuple[str, str]:
    """Message and hint for what is no packet."""
    if text.startswith(("<->", "↔")):
        return f"{quoted(text)} is both directions", "a packet goes one way: write `->` or `<-`"
    if len(items := [f"{_ARROWS[arrow]} {word}" for arrow, word in re.findall(_ITEM, text)]) > 1:
        return f"{quoted(text)} is not one packet", f"write a list: `[{', '.join(items)}]`"
    if found := re.fullmatch(rf"({_ARROW})\s*(\S.*)", text):
        arrow, word = _ARROWS[found[1]], _meant(found[2])
        if found[1] == arrow and word is None:
            near = did_you_mean(found[2], PASSING, kinds="words")
            return f"{quoted(found[2])} is not a packet's name", near or _HINT
        return f"{quoted(text)} is not a packet", f"write `{arrow} {word}`" if word else _HINT
    if word := _meant(text):
        return f"{quoted(text)} has no direction", f"write `-> {word}` or `<- {word}`"
    if re.search(_BETWEEN, text):
        return f"{quoted(text)} is not a packet", f"the step's link names the hosts; {_HINT}"
    return f"{quoted(text)} is not a packet", _HINT


def _meant(text: str) -> str | None:
    """The WORD that is meant by another spelling of it."""
    word = re.sub(r"[\s+/_,|&-]+", "-", text.strip().strip("[]").upper())
    right = _INSTEAD.get(word, word)
    return right if right in PASSING else None


_PASSING: Kind[Passing] = Kind(
    "a packet like `-> SYN`",
    _read_passing,
    {"type": "string", "pattern": f"^(->|<-) ({'|'.join(PASSING)})$"},
)
_LIST = list_of(_PASSING, "a list of packets")


def _read_order(node: Node, page: Page) -> tuple[Passing, ...] | None:
    if isinstance(node, MapNode):
        note_kind(node, page, _LIST.title, "write it like `[-> SYN, <- SYN-ACK]`")
        return None
    return _LIST.read(node, page)


ORDER: Key[tuple[Passing, ...]] = Key(
    "order",
    Kind(_LIST.title, _read_order, _LIST.schema),
    "packets passed in this order, gaps allowed: `->` is the link's direction, `<-` the other",
)


def check_order(order: tuple[Passing, ...], node: Node, link: Link, only: Only | None, page: Page) -> None:
    """Note what can't come to pass on this link: a packet of another protocol, a way that is both ways."""
    if link.sender == link.receiver:
        message = f"both ends are {link.sender}, so `->` and `<-` say the same"
        page.wrong(node, message, "name two hosts")
    if only is None or not isinstance(node, Sequence):
        return
    for passing, item in zip(order, node.items, strict=True):
        protocol = PASSING[passing.word]
        if protocol != only.protocol:
            is_answer = "icmp" in (protocol, only.protocol)
            hint = "leave `only` out: ICMP answers packets of other protocols" if is_answer else "remove it"
            page.wrong(item, f"'{passing.word}' is about {protocol}, and not about {only.protocol}", hint)
