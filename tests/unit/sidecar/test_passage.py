"""Packets pass rules; the clock is the test's, and what becomes of them is a transcript."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sidecar.packets import LEFT4, RIGHT4, ipv4, is_sealed, parsed, udp
from tests.unit.sidecar.stage import FAULTS, MS, Stage, rule


def test_without_rules_everything_goes_on_at_once() -> None:
    """And nothing is decided."""
    stage = Stage()
    stage.come(3)
    assert (stage.released, stage.told, stage.passage.next_ns()) == ([(0, 1), (0, 2), (0, 3)], [], None)


def test_the_chosen_are_lost_and_the_others_go_on() -> None:
    """Each decision is told with the sender's own number."""
    stage = Stage(rule("drop", which={"ordinals": [2, 4]}))
    stage.come(5)
    assert (stage.order, stage.lost) == ([1, 3, 5], [2, 4])
    assert stage.told == [("right", 2, "drop"), ("right", 4, "drop")]
    assert stage.passage.shortfalls() == []


def test_each_sender_is_counted_for_itself() -> None:
    """However they mix; one without a name is called by its address."""
    stage = Stage(rule("drop", which={"ordinals": [2]}))
    stranger = bytes([10, 51, 0, 9])
    for sender in (RIGHT4, LEFT4, LEFT4, stranger, RIGHT4, stranger):
        stage.come(sender=sender)
    assert stage.told == [("left", 2, "drop"), ("right", 2, "drop"), (stranger.hex(), 2, "drop")]


def test_each_rule_counts_only_what_it_is_about() -> None:
    """Packets to another port are none of them."""
    stage = Stage(rule("drop", only={"protocol": "udp", "port": 9}, which={"ordinals": [1]}))
    stage.come()
    stage.come(port=9)
    assert (stage.order, stage.lost) == ([1], [2])


@pytest.mark.parametrize("answer", ["silent", "reset", "port-unreachable"])
def test_a_cut_link_carries_nothing_and_answers_so(answer: str) -> None:
    """Every packet gets the same answer."""
    stage = Stage(rule("cut", answer=answer))
    stage.come(2)
    assert [(verdict.goes_on, verdict.answer) for verdict in stage.verdicts] == [(False, answer)] * 2


def test_a_packet_that_is_dropped_is_not_answered() -> None:
    """Whatever a rule says beside."""
    stage = Stage(rule("drop", which={"share": 1.0}, answer="reset"))
    stage.come()
    assert stage.verdicts[0].answer == ""


def test_a_duplicate_goes_on_doubled() -> None:
    """And only that one."""
    stage = Stage(rule("duplicate", which={"ordinals": [2]}))
    stage.come(3)
    assert [verdict.is_doubled for verdict in stage.verdicts] == [False, True, False]


@pytest.mark.parametrize("visible", [True, False])
def test_damage_is_visible_or_not(visible: bool) -> None:
    """The others keep their bytes; the same damage is done in every run."""
    changed = []
    for _ in range(2):
        stage = Stage(rule("corrupt", which={"ordinals": [2]}, visible=visible))
        stage.come(3, payload=bytes(50))
        assert [verdict.data is None for verdict in stage.verdicts] == [True, False, True]
        assert stage.verdicts[1].data is not None
        changed.append(stage.verdicts[1].data)
        assert is_sealed(changed[-1]) is visible
    assert changed[0] == changed[1]


def test_damage_upon_damage_is_kept() -> None:
    """Two rules damage the same datagram."""
    rules = [rule("corrupt", f"corrupt {n}", which={"ordinals": [1]}, visible=True) for n in range(2)]
    stage = Stage(*rules)
    stage.come(payload=bytes(1000))
    data = stage.verdicts[0].data
    assert data is not None
    assert data[28:].count(0xFF) == 2


def test_a_packet_of_which_the_kernel_gives_a_part_is_not_damaged() -> None:
    """What goes back would be shorter, and no packet: it is said that it can't be done, and the verdict is UNKNOWN."""
    stage = Stage(rule("corrupt", which={"ordinals": [1]}))
    data = ipv4(udp(bytes(65_507)))[:65_531]
    with pytest.raises(ValueError, match="more than 65531 bytes can't be damaged"):
        stage.passage.arrive(1, parsed(data), data, 0)


@pytest.mark.parametrize("rules", [FAULTS, FAULTS[::-1]])
def test_a_packet_passes_in_the_order_of_the_language(rules: list[str]) -> None:
    """Rate, cut, drop, corrupt, duplicate, reorder, delay, in whatever order they were said: each sees what the
    one before let through."""
    values: dict[str, dict[str, Any]] = {
        "rate": {"rate": 1e9, "queue_ns": MS},
        "cut": {"only": {"protocol": "udp", "port": 9}},
        "drop": {"which": {"ordinals": [2]}},
        "corrupt": {"which": {"ordinals": [2]}},
        "duplicate": {"which": {"ordinals": [2]}},
        "reorder": {"which": {"ordinals": [2]}},
        "delay": {"delay_ns": 10 * MS},
    }
    stage = Stage(*(rule(fault, **values[fault]) for fault in rules))
    stage.come(port=9)
    for _ in range(4):
        stage.pass_ms(1)
        stage.come()
    stage.pass_ms(100)
    assert [
        (decision.rule, decision.n)
        for decision in stage.decisions
        if decision.action not in ("slow", "delay", "let-go")
    ] == [
        ("cut", 1),
        ("drop", 2),  # the first that wasn't cut is the first for it
        ("corrupt", 2),
        ("duplicate", 2),
        ("reorder", 2),
    ]
    assert (stage.lost, stage.order) == ([1, 3], [2, 5, 4])


def test_what_is_lost_is_not_counted_further_on() -> None:
    """The third that comes is the second for what comes after the loss."""
    stage = Stage(rule("drop", which={"ordinals": [1]}), rule("duplicate", which={"ordinals": [2]}))
    stage.come(3)
    assert [(verdict.number, verdict.is_doubled) for verdict in stage.verdicts] == [(1, False), (2, False), (3, True)]
