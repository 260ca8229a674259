"""The keys of `link` and `heal`, each with the type of its value."""

from __future__ import annotations

import re
from typing import Any, Literal

from labctl.scenario.kinds.basic import BOOL, TEXT, WHOLE, from_one, one_of
from labctl.scenario.kinds.maps import table
from labctl.scenario.kinds.measures import TIME, TIME_SCHEMA
from labctl.scenario.links.packets import ONLY, WHICH
from labctl.scenario.model import Link
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page
from labctl.scenario.states.subjects import LINK, LINK_PATTERN
from labctl.scenario.yaml.tree import Node

MOST_HELD = 1000
LONGEST_DELAY_S = 60.0

_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_BITS = {"bit": 1.0, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9}
_RATE = rf"({_NUMBER})(bit|kbit|mbit|gbit)"
_NEARLY_RATE = rf"(?i)({_NUMBER})\s*([kmg]?)i?(?:bits?|b)?(?:/s|ps)?"
_NEARLY_BYTES = r"[0-9.]+ *(?:[kKMG]i?)?(?:[Bb]ytes?|B)(?:ps|/s)?"
_CUTS = ("silent", "reset", "port-unreachable", "host-unreachable", "net-unreachable", "admin-prohibited")
_CUT_HINTS = {
    **dict.fromkeys(("true", "yes", "drop", "down", "partition"), "write `cut: silent`"),
    "unreachable": "write `host-unreachable`, `net-unreachable` or `port-unreachable`",
    "prohibited": "write `admin-prohibited`",
    "refused": "write `reset`, or `port-unreachable`",
    "rst": "write `reset`",
    **dict.fromkeys(("false", "no"), "write a `heal` step"),
}


def _read_burst(node: Node, page: Page) -> float | None:
    text = TEXT.read(node, page)
    if text is None:
        return None
    if re.fullmatch(_NUMBER, text) is None:
        page.wrong(node, f"{quoted(text)} is not a length", "write it like `3.5`")
        return None
    if float(text) < 1:
        page.wrong(node, f"a burst of {quoted(text)} is shorter than one packet", "write at least 1")
        return None
    return float(text)


def _read_rate(node: Node, page: Page) -> float | None:
    text = TEXT.read(node, page)
    if text is None:
        return None
    found = re.fullmatch(_RATE, text)
    if found is None:
        page.wrong(node, f"{quoted(text)} is not a rate", _rate_hint(text))
        return None
    rate = float(found[1]) * _BITS[found[2]]
    if rate < 1:
        page.wrong(node, f"{quoted(text)} carries nothing", "write `cut: silent`")
        return None
    return rate


def _rate_hint(text: str) -> str:
    if re.fullmatch(_NEARLY_BYTES, text):
        return "write bits, not bytes: `8kbit` are 1000 bytes a second"
    if re.fullmatch(_NUMBER, text):
        return f"write `{text}bit` or `{text}kbit`"
    found = re.fullmatch(_NEARLY_RATE, text)
    return f"write `{found[1]}{found[2].lower()}bit`" if found else "write it like `64kbit` or `1mbit`"


def _read_delay(node: Node, page: Page) -> float | None:
    time_s = TIME.read(node, page)
    if time_s is not None and not 0 < time_s <= LONGEST_DELAY_S:
        page.wrong(node, "a delay is longer than nothing and at most a minute", "write it like `40ms`, or leave it out")
        return None
    return time_s


def _read_queue(node: Node, page: Page) -> float | None:
    time_s = TIME.read(node, page)
    if time_s is not None and time_s > LONGEST_DELAY_S:
        page.wrong(node, "a packet waits at most a minute", "write it like `50ms`")
        return None
    return time_s


def _read_healed(node: Node, page: Page) -> Link | Literal["all"] | None:
    text = TEXT.read(node, page)
    if text == "all":
        return "all"
    if text in ("true", "yes", "any", "*"):
        page.wrong(node, f"{quoted(text)} is not a link", "write `heal: A -> B`, or `heal: all`")
        return None
    return None if text is None else LINK.read(node, page)


DROP = Key("drop", WHICH, "the link loses these packets: `[2, 4]`, `20%`, `{first: 3}`, `fragments` …")
DUPLICATE = Key("duplicate", WHICH, "the link delivers these packets twice")
CORRUPT = Key("corrupt", WHICH, "the link damages these packets; their receiver throws them away")
REORDER = Key("reorder", WHICH, "later packets go before these")
BURST = Key(
    "burst",
    Kind("a length like `3.5`", _read_burst, {"type": "number", "minimum": 1}),
    "packets are lost in rows of so many on average; belongs to `drop: …%`",
)
HOLD = Key(
    "hold",
    from_one(MOST_HELD, zero=(f"'0' is not from 1 to {MOST_HELD}", "leave `reorder` out")),
    "so many later packets go before it; belongs to `reorder`; 1 unless something else is said",
)
VISIBLE = Key("visible", BOOL, "the damage reaches the program, with a checksum that fits; belongs to `corrupt`")
_DELAY_TIME: Kind[float] = Kind("a time like `40ms`", _read_delay, TIME_SCHEMA)
DELAY = Key("delay", _DELAY_TIME, "every packet comes so much later")
JITTER = Key("jitter", _DELAY_TIME, "give or take so much, in order; belongs to `delay`")
RATE = Key(
    "rate",
    Kind("a rate like `1mbit`", _read_rate, {"type": "string", "pattern": rf"^{_RATE}$"}),
    "the link carries so much and no more",
)
QUEUE = Key(
    "queue",
    Kind("a time like `50ms`", _read_queue, TIME_SCHEMA),
    "a packet waits at most so long for its turn; belongs to `rate`; 50ms unless something else is said",
)
CUT = Key("cut", one_of("a way to cut", _CUTS, _CUT_HINTS), "the link carries nothing, and answers so")
RULE_SEED = Key("seed", WHOLE, "chance of this rule is drawn from this number")
LINK_KEY = Key("link", LINK, "from here on this link has the faults that stand beside it, until `heal`", required=True)
LINK_KEYS: dict[str, Key[Any]] = table(  # Any: each key has a type of its own
    *(LINK_KEY, ONLY, DROP, DUPLICATE, CORRUPT, REORDER, BURST, HOLD, VISIBLE),
    *(DELAY, JITTER, RATE, QUEUE, CUT, RULE_SEED),
)
HEAL: Key[Link | Literal["all"]] = Key(
    "heal",
    Kind(
        "a LINK, or `all`",
        _read_healed,
        {"anyOf": [{"const": "all"}, {"type": "string", "pattern": LINK_PATTERN}]},
    ),
    "takes away what `link` has put on this link, or on all of them",
    required=True,
)
