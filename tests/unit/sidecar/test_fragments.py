"""Whose datagrams lost their fragments, since when, and what never had any."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from labctl.sidecar.fragments import Fragments, Lost
from labctl.sidecar.packet import ICMP, UDP
from labctl.sidecar.rules import Only
from labctl.sidecar.tables import Interest, Tables
from labctl.sidecar.views import View

ONE, OTHER = "10.51.0.3", "10.51.0.4"


class Scripted(Tables):
    """Tables whose counters say what the test says. They begin anew with every change, as the kernel's do."""

    def __init__(self) -> None:
        super().__init__([], has_own_queue=True)
        self.lost: Lost = {}

    def lose_fragments(self, interests: Sequence[Interest]) -> None:
        self.lost = {}

    def fragmented(self) -> Lost:
        return dict(self.lost)


def view(name: str, *senders: str, only: Only = Only(None, None)) -> View:  # noqa: B008
    return View(name, frozenset(ipaddress.ip_address(one).packed for one in senders), only)


def interest(*senders: str, protocol: int | None = UDP) -> Interest:
    return Interest(senders, Only(protocol, None))


def test_a_view_counts_its_own_senders_and_its_own_protocol() -> None:
    tables = Scripted()
    fragments = Fragments(tables)
    fragments.lose([interest(ONE), interest(OTHER, protocol=None)])
    tables.lost = {(ONE, UDP): 2, (OTHER, UDP): 3, (OTHER, ICMP): 4, (OTHER, None): 5}

    assert fragments.counted(view("a", ONE)) == 2
    assert fragments.counted(view("b", ONE, only=Only(ICMP, None))) == 0
    assert fragments.counted(view("c", OTHER)) == 12
    assert fragments.counted(view("d", OTHER, only=Only(UDP, None))) == 3
    assert fragments.counted(view("e", ONE, OTHER)) == 14
    assert fragments.counted(view("f", OTHER, only=Only(UDP, 51717))) == 0


def test_counts_go_on_when_the_rules_change_and_begin_anew_for_a_view_alone() -> None:
    tables = Scripted()
    fragments = Fragments(tables)
    fragments.lose([interest(ONE)])
    tables.lost = {(ONE, UDP): 2}
    fragments.lose([interest(ONE), interest(OTHER)])
    tables.lost = {(ONE, UDP): 1}
    assert fragments.counted(view("a", ONE)) == 3

    fragments.restart(view("a", ONE))
    tables.lost = {(ONE, UDP): 2}

    assert fragments.counted(view("a", ONE)) == 1
    assert fragments.counted(view("b", ONE)) == 4


def test_what_never_had_any_is_told_once_it_goes_and_as_long_as_it_stays() -> None:
    tables = Scripted()
    fragments = Fragments(tables)
    assert fragments.lose([interest(ONE), interest(OTHER)]) == []
    tables.lost = {(ONE, UDP): 1}
    assert [found.what for found in fragments.shortfalls()] == ["no fragment came"]

    assert [found.what for found in fragments.lose([interest(ONE)])] == ["no fragment came"]
