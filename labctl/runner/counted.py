"""Counters as sidecars tell them -> what was counted on a link, and what was asked for and never came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from labctl.scenario.links.places import Interest


class Counts(Struct, frozen=True):
    """What was counted on a link since its last `link` step.

    `lost`: the numbers of lost packets by their sender, and by their receiver too where there are several.
    """

    sent: int = 0
    arrived: int = 0
    dropped: int = 0
    retransmitted: int = 0
    resets: int = 0
    lost: dict[str, tuple[int, ...]] = {}


def counts_from(values: Mapping[str, Any], interest: Interest) -> Counts:
    """Counters as a sidecar tells them. Fragments that were lost are of datagrams that never were put together."""
    if not values:
        return Counts()
    fragmented = values.get("fragmented", 0) if interest.only is None or interest.only.port is None else 0
    return Counts(
        sent=values["sent"] + fragmented,
        arrived=values["arrived"],
        dropped=values["dropped"] + fragmented,
        retransmitted=values["retransmitted"],
        resets=values["resets"],
        lost={sender: tuple(lost) for sender, lost in values["lost"].items()},
    )


def together(told: Mapping[Interest, Mapping[str, Any]]) -> Counts:
    """The counters of several kinds of packets in one. Any: JSON's own types."""
    whole = Counts()
    for interest, counted in told.items():
        part = counts_from(counted, interest)
        to = f" -> {interest.receiver}" if len({each.receiver for each in told}) > 1 else ""
        whole = Counts(
            sent=whole.sent + part.sent,
            arrived=whole.arrived + part.arrived,
            dropped=whole.dropped + part.dropped,
            retransmitted=whole.retransmitted + part.retransmitted,
            resets=whole.resets + part.resets,
            lost=whole.lost | {f"{sender}{to}": lost for sender, lost in part.lost.items()},
        )
    return whole


def shortfall_words(found: Mapping[str, str]) -> str:
    """What a rule never saw, in words."""
    of = f" from {found['sender']}" if found["sender"] else ""
    return f"{found['rule'].rpartition(' #')[0]}{of}: {found['what']}"
