"""Datagrams that lost their fragments: told apart by sender and protocol, and counted for each view.

They are lost before they would be put together, so no queue ever sees them; the packet filter's own counters do.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from labctl.sidecar.passage import Shortfall
from labctl.sidecar.tables import Interest, Tables
from labctl.sidecar.views import View

Lost = dict[tuple[str, int | None], int]
"""How many datagrams, by the sender's address and their protocol; None is any other than TCP, UDP and ICMP."""

RULE = "drop of fragments #0"
"""What such a rule is called where it is told of; all that are in force are one."""


class Fragments:
    """The fragments that are lost at one receiver."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._interests: tuple[Interest, ...] = ()
        self._before: Lost = {}
        self._at_restart: dict[str, int] = {}

    def lose(self, interests: Sequence[Interest]) -> list[Shortfall]:
        """Lose those of these datagrams from now on, and no others. What of the last ones never had any. TableError."""
        gone = [one for one in self._interests if one not in interests]
        shortfalls = self._shortfalls(gone)
        self._before = self._total()
        self._interests = tuple(interests)
        self._tables.lose_fragments(interests)
        return shortfalls

    def shortfalls(self) -> list[Shortfall]:
        """What of those in force has never had any."""
        return self._shortfalls(self._interests)

    def restart(self, view: View) -> None:
        """Count from 0 again for this view."""
        self._at_restart[view.name] = _of(view, self._total())

    def counted(self, view: View) -> int:
        """How many datagrams of the view's were lost like this since its restart."""
        return _of(view, self._total()) - self._at_restart.get(view.name, 0)

    def _total(self) -> Lost:
        now = self._tables.fragmented()
        return {key: self._before.get(key, 0) + now.get(key, 0) for key in self._before | now}

    def _shortfalls(self, interests: Sequence[Interest]) -> list[Shortfall]:
        if not interests:
            return []
        now = self._tables.fragmented()
        return [Shortfall(RULE, "", "no fragment came") for one in interests if not _about(one, now)]


def _about(interest: Interest, lost: Lost) -> int:
    """How many of them an interest is about."""
    return sum(
        count
        for (sender, protocol), count in lost.items()
        if (interest.senders is None or sender in interest.senders) and interest.only.protocol in (None, protocol)
    )


def _of(view: View, lost: Lost) -> int:
    """How many of them belong to a view. One with a port has none: fragments have no ports."""
    if view.only.port is not None:
        return 0
    return sum(
        count
        for (sender, protocol), count in lost.items()
        if (view.senders is None or ipaddress.ip_address(sender).packed in view.senders)
        and view.only.protocol in (None, protocol)
    )
