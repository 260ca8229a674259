"""The values of a `link` or `heal` step -> what is done to a link, after a look at what fits together."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from labctl.scenario.links.fault_keys import (
    BURST,
    CORRUPT,
    CUT,
    DELAY,
    DROP,
    DUPLICATE,
    HEAL,
    HOLD,
    JITTER,
    LINK_KEY,
    QUEUE,
    RATE,
    REORDER,
    RULE_SEED,
    VISIBLE,
)
from labctl.scenario.links.packets import ONLY
from labctl.scenario.model import Fault, Heal, Impair, Which
from labctl.scenario.reading import Key, Page, Unreadable, Values

FAULTS = ("rate", "cut", "drop", "corrupt", "duplicate", "reorder", "delay")
"""In this order a packet passes them."""

COUNT_OF = "add `only: udp 51717`, or what else is to be counted"
_SOMETHING = "add a fault, such as `drop: 20%`, `delay: 40ms` or `cut: silent`"
_CHOOSERS = (DROP, CORRUPT, DUPLICATE, REORDER)
BELONGS_TO = {"burst": "drop", "hold": "reorder", "visible": "corrupt", "jitter": "delay", "queue": "rate"}
"""Keys that say more of a fault, and the fault."""
_ADDED = {
    "drop": "write it beside `drop: 20%`",
    "reorder": "write it beside `reorder: [3]`",
    "corrupt": "write it beside `corrupt: [3]`",
    "delay": "write it beside `delay: 40ms`",
    "rate": "write it beside `rate: 1mbit`",
}


def impair(values: Values, page: Page, *, why: str | None) -> Impair:
    """A `link` step, after a look at what fits together. Raises Unreadable where a value that it needs is wrong."""
    _note_what_stands_alone(values, page)
    whichs = {key.name: which for key in _CHOOSERS if (which := values.get(key))}
    for name, which in whichs.items():
        _check_which(name, which, values, page)
    _check_burst(whichs.get("drop"), values, page)
    _check_jitter(values, page)
    _check_cut(values, page)
    _check_seed(whichs, values, page)
    link = values.need(LINK_KEY)
    if not any(name in values.nodes for name in FAULTS):
        if values.nodes.keys() <= {"link", "only", "seed", "why"}:  # else a problem with a fault is noted already
            page.wrong(values.nodes["link"], "this step does nothing to the link", _SOMETHING)
        raise Unreadable("link")
    faults = [_MAKERS[name](values) for name in FAULTS if name in values.nodes]
    only, seed = values.maybe(ONLY), values.maybe(RULE_SEED)
    return Impair(at=values.at, why=why, link=link, only=only, faults=tuple(faults), seed=seed)


def heal(values: Values, page: Page, *, why: str | None) -> Heal:
    """A `heal` step."""
    link = values.need(HEAL)
    return Heal(at=values.at, why=why, link=None if link == "all" else link)


def _which(key: Key[Which]) -> Callable[[Values], Fault]:
    def make(values: Values) -> Fault:
        return Fault(
            name=cast(Any, key.name),  # Any: these are four of its seven words
            which=values.need(key),
            burst=values.optional(BURST, 1.0) if key is DROP else 1.0,
            hold=values.optional(HOLD, 1) if key is REORDER else 1,
            visible=values.optional(VISIBLE, False) if key is CORRUPT else False,
        )

    return make


_MAKERS: dict[str, Callable[[Values], Fault]] = {
    **{key.name: _which(key) for key in _CHOOSERS},
    "rate": lambda values: Fault(name="rate", rate=values.need(RATE), queue_s=values.optional(QUEUE, 0.05)),
    "cut": lambda values: Fault(name="cut", answer=values.need(CUT)),
    "delay": lambda values: Fault(name="delay", delay_s=values.need(DELAY), jitter_s=values.optional(JITTER, 0.0)),
}


def _note_what_stands_alone(values: Values, page: Page) -> None:
    for name, owner in BELONGS_TO.items():
        if name in values.nodes and owner not in values.nodes:
            page.wrong(values.keys[name], f"'{name}' stands with `{owner}`", _ADDED[owner])


def _check_which(name: str, which: Which, values: Values, page: Page) -> None:
    node, only = values.nodes[name], values.get(ONLY)
    if which.fragments and name != "drop":
        page.wrong(node, "fragments can only be lost", "write `drop: fragments`")
    elif which.fragments and only is not None and only.port is not None:
        hint = f"write `only: {only.protocol}`"
        page.wrong(values.nodes["only"], "only the first fragment of a datagram has ports", hint)
    elif (which.ordinals or which.first or which.every) and "only" not in values.nodes:
        page.wrong(node, "packets are counted of one kind, and 'only' is missing", COUNT_OF)


def _check_burst(drop: Which | None, values: Values, page: Page) -> None:
    """Between two bursts at least one packet arrives: so many can't be lost in so short ones."""
    burst = values.get(BURST)
    if drop is None or burst is None:
        return
    if not drop.share:
        page.wrong(values.keys["burst"], "'burst' is for what is lost by chance", _ADDED["drop"])
    elif drop.share == 1:
        page.wrong(values.keys["burst"], "`drop: 100%` is one burst without an end", "remove `burst`")
    elif burst > 1 and drop.share > burst / (burst + 1) + 1e-9:
        least = math.ceil(drop.share / (1 - drop.share) - 1e-6)
        message = f"bursts of {burst:g} can't lose {drop.share * 100:g}%: between two of them something arrives"
        page.wrong(values.nodes["burst"], message, f"write at least {least}, or leave `burst` out")


def _check_jitter(values: Values, page: Page) -> None:
    delay, jitter = values.get(DELAY), values.get(JITTER)
    if delay is not None and jitter is not None and jitter > delay:
        page.wrong(values.nodes["jitter"], "'jitter' is larger than 'delay'", f"write at most `{delay * 1000:g}ms`")


def _check_cut(values: Values, page: Page) -> None:
    cut, only = values.get(CUT), values.get(ONLY)
    if cut is None:
        return
    if cut == "reset" and only is not None and only.protocol != "tcp":
        hint = "write `port-unreachable` or `silent`" if only.protocol == "udp" else "write `silent`"
        page.wrong(values.nodes["cut"], f"a reset is an answer to tcp, and not to {only.protocol}", hint)
    for name in FAULTS[FAULTS.index("cut") + 1 :]:
        if name in values.nodes:
            page.wrong(values.keys[name], f"'{name}' gets no packet: the link is cut", "remove it, or the `cut`")


def _check_seed(whichs: dict[str, Which], values: Values, page: Page) -> None:
    is_read = all(key.name in whichs for key in _CHOOSERS if key.name in values.nodes)
    by_chance = any(which.share for which in whichs.values()) or {"jitter", "corrupt"} & values.nodes.keys()
    if "seed" in values.nodes and is_read and not by_chance:
        page.warn(values.keys["seed"], "'seed' changes nothing: nothing here happens by chance", "leave it out")
