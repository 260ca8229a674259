"""Rules come and go while packets are underway; nothing is lost without being told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.sidecar.passage import Shortfall
from labctl.sidecar.rules import Counter
from tests.unit.sidecar.packets import LEFT4, RIGHT4
from tests.unit.sidecar.stage import MS, SENDERS, Stage, rule

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)


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
