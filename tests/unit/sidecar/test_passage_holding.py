"""Packets that are held back until others have passed them, and go on."""

from __future__ import annotations

import pytest

from labctl.sidecar.passage import Shortfall
from tests.unit.sidecar.packets import LEFT4
from tests.unit.sidecar.stage import MS, Stage, rule


@pytest.mark.parametrize("hold", [1, 2, 3])
def test_a_reordered_packet_lets_exactly_so_many_past(hold: int) -> None:
    """Then it goes right after the last of them."""
    stage = Stage(rule("reorder", which={"ordinals": [2]}, hold=hold))
    stage.come(6)
    expected = [1, 3, 4, 5, 6]
    expected.insert(1 + hold, 2)
    assert stage.order == expected


def test_it_is_told_when_one_that_was_held_goes_on() -> None:
    """Its number is the one that it was held with."""
    stage = Stage(rule("reorder", which={"ordinals": [2]}, hold=2))
    stage.come(3)
    assert stage.told == [("right", 2, "hold")]
    stage.come()
    assert stage.told[1:] == [("right", 2, "let-go")]
    assert stage.decisions[1].release_ns == stage.now_ns


def test_one_that_was_held_is_let_go_with_its_rule() -> None:
    """And that is told, too."""
    stage = Stage(rule("reorder", which={"ordinals": [1]}))
    stage.come()
    stage.turn_to()
    assert stage.told == [("right", 1, "hold"), ("right", 1, "let-go")]


def test_two_that_are_held_keep_their_order() -> None:
    """One that is held lets nobody past."""
    stage = Stage(rule("reorder", which={"ordinals": [1, 2]}))
    stage.come(4)
    assert stage.order == [3, 1, 2, 4]


def test_a_packet_waits_for_its_own_sender() -> None:
    """Others pass without being counted, and so do packets that the rule isn't about."""
    stage = Stage(rule("reorder", which={"ordinals": [1]}, only={"protocol": "udp", "port": 51717}))
    stage.come()
    stage.come(sender=LEFT4, port=9)
    stage.come(port=9)
    assert stage.order == [2, 3]
    stage.come()
    assert stage.order == [2, 3, 4, 1]


def test_a_packet_that_nobody_overtook_is_a_shortfall() -> None:
    """It was to be late, and never came."""
    stage = Stage(rule("reorder", which={"ordinals": [2]}, hold=2))
    stage.come(3)
    assert stage.passage.shortfalls() == [
        Shortfall("reorder", "right", "packet 2 is still held back: 1 more never came")
    ]
    stage.come()
    assert stage.passage.shortfalls() == []


def test_by_chance_the_last_one_may_be_held() -> None:
    """That is no shortfall: it was not this one that was asked for."""
    stage = Stage(rule("reorder", which={"share": 1.0}))
    stage.come(3)
    assert (stage.order, stage.passage.shortfalls()) == ([], [])


def test_what_was_held_is_delayed_from_then_on() -> None:
    """Delay comes after reorder: a delay that is not about those that pass is not cut short."""
    slow = rule("delay", delay_ns=50 * MS, only={"protocol": "udp", "port": 9})
    stage = Stage(rule("reorder", which={"ordinals": [1]}), slow)
    stage.come(port=9)
    stage.pass_ms(10)
    stage.come()
    stage.pass_ms(100)
    assert stage.released == [(10, 2), (60, 1)]
