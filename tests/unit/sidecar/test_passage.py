"""Packets pass rules; the clock is the test's, and what becomes of them is a transcript."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.sidecar.passage import Decision, Passage, Shortfall, Verdict
from labctl.sidecar.rules import Counter, Rule, rule_from
from tests.unit.sidecar.packets import LEFT4, RIGHT4, ipv4, is_sealed, parsed, udp

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)

MS = 1_000_000
SENDERS = {LEFT4: "left", RIGHT4: "right"}
FAULTS = ["rate", "cut", "drop", "corrupt", "duplicate", "reorder", "delay"]


def rule(fault: str, name: str = "", **values: Any) -> Rule:  # Any: JSON's own types
    """A rule from its JSON, about everybody unless it says so. It is called as its fault is, unless it has a name."""
    senders = {"senders": [address.hex() for address in values.pop("senders")]} if "senders" in values else {}
    return rule_from({"name": name or fault, "fault": fault, **values, **senders})


class Stage:
    """A receiver whose packets are numbers, from 1 in the order in which they come."""

    def __init__(self, *rules: Rule) -> None:
        self.decisions: list[Decision] = []
        self.passage = Passage(SENDERS, self.decisions.append)
        self.now_ns = 0
        self.released: list[tuple[int, int]] = []
        """When, in milliseconds, and which: those that went on."""
        self.lost: list[int] = []
        self.verdicts: list[Verdict] = []
        self._count = 0
        self.turn_to(*rules)

    def turn_to(self, *rules: Rule) -> None:
        """These are in force from now on."""
        self.passage.put_in_force(rules, self.now_ns)
        self._take(self.passage.due(self.now_ns))

    def come(self, count: int = 1, *, sender: bytes = RIGHT4, payload: bytes = b"hello", port: int = 51717) -> None:
        """So many arrive now."""
        for _ in range(count):
            self._count += 1
            data = ipv4(udp(payload, port=port), source=sender)
            self._take(self.passage.arrive(self._count, parsed(data), data, self.now_ns))

    def pass_ms(self, ms: float) -> None:
        """Let time pass, waking whenever something is due."""
        end = self.now_ns + round(ms * MS)
        while (due := self.passage.next_ns()) is not None and due <= end:
            self.now_ns = max(self.now_ns, due)
            self._take(self.passage.due(self.now_ns))
        self.now_ns = end

    def _take(self, verdicts: list[Verdict]) -> None:
        self.verdicts += verdicts
        self.released += [(self.now_ns // MS, verdict.number) for verdict in verdicts if verdict.goes_on]
        self.lost += [verdict.number for verdict in verdicts if not verdict.goes_on]

    @property
    def order(self) -> list[int]:
        """Those that went on, in their order."""
        return [number for _, number in self.released]

    @property
    def told(self) -> list[tuple[str, int, str]]:
        """What was decided: the sender, its n-th packet, what was done."""
        return [(decision.sender, decision.n, decision.action) for decision in self.decisions]


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


# The order of passage


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


# Holding packets back


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


# Time


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


# Rules that come and go


def test_a_rule_that_is_said_again_counts_anew() -> None:
    """It has another name; one that stays goes on counting."""
    loss = rule("drop", "loss #1", which={"ordinals": [2, 3]})
    double = rule("duplicate", "double #2", which={"ordinals": [3]})
    stage = Stage(loss, double)
    stage.come(1)
    stage.turn_to(loss._replace(name="loss #3"), double)
    stage.come(4)
    assert stage.lost == [3, 4]
    assert [verdict.number for verdict in stage.verdicts if verdict.is_doubled] == [5]


def test_a_rule_that_loses_a_sender_goes_on_for_the_others() -> None:
    """The other one's packets are counted on, not anew."""
    both = rule("drop", senders=[LEFT4, RIGHT4], which={"ordinals": [2]})
    stage = Stage(both)
    stage.come()
    stage.come(sender=LEFT4)
    stage.turn_to(both._replace(senders=frozenset({RIGHT4})))
    stage.come()
    stage.come(sender=LEFT4)
    assert (stage.lost, stage.order) == ([3], [1, 2, 4])
    assert stage.passage.shortfalls() == [Shortfall("drop", "left", "packet 2 never came: there were 1")]


def test_other_words_under_the_same_name_are_another_rule() -> None:
    """It counts anew."""
    loss = rule("drop", which={"ordinals": [2]})
    stage = Stage(loss)
    stage.come()
    stage.turn_to(loss._replace(seed=9))
    stage.come(2)
    assert stage.lost == [3]


def test_what_a_rule_held_goes_on_when_it_is_gone() -> None:
    """In order, and at once."""
    stage = Stage(rule("reorder", which={"ordinals": [1, 2]}, hold=5))
    stage.come(3)
    stage.pass_ms(10)
    stage.turn_to()
    assert stage.released == [(0, 3), (10, 1), (10, 2)]


def test_what_a_rule_delayed_goes_on_when_it_is_gone() -> None:
    """In order, and at once; what another rule delays stays."""
    other = rule("delay", "other", delay_ns=50 * MS, only={"protocol": "udp", "port": 9})
    stage = Stage(rule("delay", delay_ns=50 * MS, only={"protocol": "udp", "port": 51717}), other)
    stage.come(2)
    stage.come(port=9)
    stage.pass_ms(10)
    stage.turn_to(other)
    stage.pass_ms(90)
    assert stage.released == [(10, 1), (10, 2), (50, 3)]


def test_one_sender_is_healed_and_the_other_waits_on() -> None:
    """Of a rule that was about both."""
    both = rule("delay", senders=[LEFT4, RIGHT4], delay_ns=50 * MS)
    holds = rule("reorder", senders=[LEFT4, RIGHT4], which={"ordinals": [2]}, hold=9)
    stage = Stage(both, holds)
    for sender in (LEFT4, RIGHT4) * 2:
        stage.come(sender=sender)
    stage.pass_ms(10)
    stage.turn_to(both._replace(senders=frozenset({LEFT4})), holds._replace(senders=frozenset({LEFT4})))
    stage.pass_ms(90)
    assert stage.released == [(10, 2), (10, 4), (50, 1)]


def test_a_delay_that_stays_is_never_cut_short() -> None:
    """Of a packet that waited for the link and for the delay, only the wait for the link ends with that rule."""
    delay = rule("delay", delay_ns=50 * MS)
    stage = Stage(rule("rate", rate=1e6, queue_ns=50 * MS), delay)
    stage.come(3, payload=bytes(972))
    stage.pass_ms(1)
    stage.turn_to(delay)
    stage.come()
    stage.pass_ms(99)
    assert stage.released == [(50, 1), (50, 2), (50, 3), (51, 4)]


def test_what_was_held_is_still_delayed_when_only_the_holding_ends() -> None:
    """From then on."""
    delay = rule("delay", delay_ns=50 * MS)
    stage = Stage(rule("reorder", which={"ordinals": [1]}), delay)
    stage.come()
    stage.pass_ms(10)
    stage.turn_to(delay)
    stage.pass_ms(90)
    assert stage.released == [(60, 1)]


def test_a_new_rule_is_about_what_comes_from_now_on() -> None:
    """What waits already isn't concerned; flows that were seen before are."""
    delay = rule("delay", delay_ns=50 * MS)
    stage = Stage(delay)
    stage.come()
    stage.turn_to(delay, rule("drop", which={"ordinals": [1]}))
    stage.come(2)
    stage.pass_ms(100)
    assert (stage.order, stage.lost) == ([1, 3], [2])


def test_shortfalls_are_of_each_rule_and_sender() -> None:
    """A rule that saw nobody has one without a sender."""
    stage = Stage(
        rule("drop", which={"ordinals": [3]}), rule("corrupt", which={"contains": "x"}, only={"protocol": "tcp"})
    )
    stage.come()
    stage.come(2, sender=LEFT4)
    assert stage.passage.shortfalls() == [
        Shortfall("drop", "right", "packet 3 never came: there were 1"),
        Shortfall("drop", "left", "packet 3 never came: there were 2"),
        Shortfall("corrupt", "", "no packet with 'x' came: there were 0"),
    ]


@SAME_EVERYWHERE
@given(some.lists(some.sampled_from([LEFT4, RIGHT4]), max_size=60), some.floats(0.01, 1.0), some.integers(0, 99))
def test_seeded_loss_is_what_was_predicted(senders: list[bytes], share: float, seed: int) -> None:
    """For each sender the same list as without anybody else's packets."""
    loss = rule("drop", which={"share": share}, seed=seed)
    stage = Stage(loss)
    for sender in senders:
        stage.come(sender=sender)
    for address, name in SENDERS.items():
        counter = Counter(loss, name)
        expected = [n for n in range(1, senders.count(address) + 1) if counter.chooses(b"")]
        assert [n for sender, n, _ in stage.told if sender == name] == expected


@SAME_EVERYWHERE
@given(some.data())
def test_no_packet_is_lost_without_being_told_and_none_goes_on_twice(chance: some.DataObject) -> None:
    """Whatever rules come and go; once all are gone, all that weren't lost have gone on."""
    shares = some.sampled_from([{"share": 0.3}, {"ordinals": [1, 3]}, {"every": 2}, {"first": 2}])
    rules = some.one_of(
        shares.map(lambda which: rule("drop", which=which)),
        some.integers(1, 3).map(lambda hold: rule("reorder", which={"every": 3}, hold=hold)),
        some.integers(0, 9).map(lambda ms: rule("delay", delay_ns=ms * MS, jitter_ns=ms * MS)),
        some.floats(1e5, 1e7).map(lambda rate: rule("rate", rate=rate, queue_ns=3 * MS)),
        some.just(rule("duplicate", senders=[LEFT4], which={"every": 2})),
    )
    sets = some.lists(rules, max_size=4, unique_by=lambda one: one.name)
    stage = Stage()
    count = 0
    for _ in range(chance.draw(some.integers(0, 8))):
        stage.turn_to(*chance.draw(sets))
        for _ in range(chance.draw(some.integers(0, 6))):
            stage.come(sender=chance.draw(some.sampled_from([LEFT4, RIGHT4])))
            count += 1
        stage.pass_ms(chance.draw(some.floats(0, 5)))
    stage.turn_to()
    assert sorted(stage.order + stage.lost) == list(range(1, count + 1))
    assert len(stage.lost) == sum(action in ("drop", "overflow") for _, _, action in stage.told)
