"""Delay, jitter and rate: the clock is the test's, so every time is exact."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.sidecar.packets import LEFT4
from tests.unit.sidecar.stage import MS, Stage, rule

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)


def test_a_delay_is_the_same_for_all() -> None:
    """They go on so much later, in their order."""
    stage = Stage(rule("delay", delay_ns=50 * MS))
    stage.come(2)
    stage.pass_ms(20)
    stage.come()
    assert stage.passage.next_ns() == 50 * MS
    stage.pass_ms(100)
    assert stage.released == [(50, 1), (50, 2), (70, 3)]
    assert [(decision.action, decision.release_ns) for decision in stage.decisions] == [
        ("delay", 50 * MS),
        ("delay", 50 * MS),
        ("delay", 70 * MS),
    ]


@SAME_EVERYWHERE
@given(some.lists(some.integers(0, 5000), max_size=30), some.integers(0, 50), some.integers(0, 50), some.integers())
def test_jitter_keeps_the_order_and_its_bounds(gaps_us: list[int], delay: int, jitter: int, seed: int) -> None:
    """Later by the delay give or take the jitter; one that would overtake waits for the one before."""
    stage = Stage(rule("delay", delay_ns=delay * MS, jitter_ns=min(jitter, delay) * MS, seed=seed))
    for gap in gaps_us:
        stage.pass_ms(gap / 1000)
        stage.come()
    stage.pass_ms(1000)
    assert stage.order == sorted(stage.order)
    assert len(stage.order) == len(gaps_us)
    latest = 0
    for decision in stage.decisions:
        least = decision.t_ns + (delay - min(jitter, delay)) * MS
        assert max(least, latest) <= decision.release_ns
        assert decision.release_ns <= max(least + 2 * min(jitter, delay) * MS, latest)
        latest = decision.release_ns


def test_a_link_carries_so_much_and_what_waits_too_long_is_lost() -> None:
    """1 Mbit/s, 1000 bytes: 8 ms each; one that would wait more than 20 ms overflows."""
    stage = Stage(rule("rate", rate=1e6, queue_ns=20 * MS))
    stage.come(5, payload=bytes(972))
    stage.pass_ms(100)
    assert stage.released == [(8, 1), (16, 2), (24, 3)]
    assert stage.lost == [4, 5]
    assert stage.told == [("right", n, "slow") for n in (1, 2, 3)] + [("right", n, "overflow") for n in (4, 5)]
    assert [decision.release_ns // MS for decision in stage.decisions[:3]] == [8, 16, 24]


def test_the_length_of_a_packet_counts_with_its_headers() -> None:
    """What is free again at once carries on."""
    stage = Stage(rule("rate", rate=1e6, queue_ns=50 * MS))
    stage.come(payload=bytes(97))  # 125 bytes with its headers
    stage.pass_ms(1)
    assert stage.released == [(1, 1)]
    stage.pass_ms(99)
    stage.come(payload=bytes(97))
    stage.pass_ms(1)
    assert stage.released[1:] == [(101, 2)]


def test_each_sender_has_a_link_of_its_own() -> None:
    """One that sends much doesn't slow the other."""
    stage = Stage(rule("rate", rate=1e6, queue_ns=20 * MS))
    stage.come(3, payload=bytes(972))
    stage.come(payload=bytes(972), sender=LEFT4)
    stage.pass_ms(100)
    assert stage.released == [(8, 1), (8, 4), (16, 2), (24, 3)]


def test_a_delay_is_on_top_of_the_wait_for_the_link() -> None:
    """8 ms on the link, then 10 ms more."""
    stage = Stage(rule("delay", delay_ns=10 * MS), rule("rate", rate=1e6, queue_ns=20 * MS))
    stage.come(2, payload=bytes(972))
    stage.pass_ms(100)
    assert stage.released == [(18, 1), (26, 2)]
