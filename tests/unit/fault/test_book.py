"""`link` and `heal` steps, one after another, and what is in force after them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from labctl.fault.book import Book, Rule, healed, impaired, only_values, values
from labctl.scenario.links.places import Places
from labctl.scenario.model import Fault, Heal, Impair, Link, Only, Which
from labctl.scenario.problems import Position
from labctl.sidecar.rules import rule_from

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)

HOSTS = ("cheerios", "client-1", "client-2")
PLACES = Places({"cheerios": ["cheerios"], "client": HOSTS[1:], "client-1": HOSTS[1:2], "client-2": HOSTS[2:]}, HOSTS)
AT = Position("s.yaml", 1, 1)
UDP = Only("udp", 51717)
LOSS = Fault(name="drop", which=Which(ordinals=(2, 4)))
CUT = Fault(name="cut")
FRAGMENTS = Fault(name="drop", which=Which(fragments=True))


def link(text: str, *faults: Fault, only: Only | None = None, seed: int | None = None) -> Impair:
    """A step, of `A -> B` or `A <-> B`."""
    return Impair(at=AT, link=link_named(text), faults=faults, only=only, seed=seed)


def heal(text: str = "") -> Heal:
    """A step; of all links, if none is named."""
    return Heal(at=AT, link=link_named(text) if text else None)


def link_named(text: str) -> Link:
    sender, arrow, receiver = text.split()
    return Link(sender, receiver, both=arrow == "<->")


def after(*steps: Impair | Heal) -> Book:
    """The book after these steps."""
    book = Book()
    for step in steps:
        book = impaired(book, step, PLACES, seed=7) if isinstance(step, Impair) else healed(book, step, PLACES)
    return book


def rows(book: Book) -> list[str]:
    """Each rule in a line: what, from whom, to whom."""
    return [f"{rule.fault.name} {' '.join(sorted(rule.senders))} -> {rule.receiver}" for rule in book.rules]


def test_a_rule_is_at_each_receiver() -> None:
    """From each of the senders it stands for; a host sends nothing to itself."""
    assert rows(after(link("cheerios -> client", CUT))) == ["cut cheerios -> client-1", "cut cheerios -> client-2"]
    assert rows(after(link("any -> client", CUT))) == [
        "cut cheerios client-2 -> client-1",
        "cut cheerios client-1 -> client-2",
    ]


def test_both_directions_are_two_rules_each_with_its_own_name() -> None:
    """Their names tell who sends to whom."""
    book = after(link("cheerios <-> client-1", LOSS))
    assert rows(book) == ["drop cheerios -> client-1", "drop client-1 -> cheerios"]
    assert [rule.name for rule in book.rules] == ["drop cheerios -> client-1 #1", "drop client-1 -> cheerios #2"]


def test_said_again_it_replaces_the_old_one_and_counts_anew() -> None:
    """It has a name that no rule had before."""
    book = after(link("client-1 -> cheerios", LOSS), link("client-1 -> cheerios", LOSS))
    assert rows(book) == ["drop client-1 -> cheerios"]
    assert book.rules[0].name.endswith("#2")


def test_another_fault_or_other_packets_are_added() -> None:
    """A rule is (direction, only, fault); the loss of fragments is a fault of its own."""
    book = after(
        link("client-1 -> cheerios", LOSS, only=UDP),
        link("client-1 -> cheerios", LOSS),
        link("client-1 -> cheerios", CUT),
        link("client-1 -> cheerios", FRAGMENTS),
        link("cheerios -> client-1", CUT),
        link("client-1 -> cheerios", replace(LOSS, which=Which(first=1)), only=UDP),
    )
    assert [(rule.fault.name, rule.only, rule.receiver, rule.loses_fragments) for rule in book.rules] == [
        ("drop", None, "cheerios", False),
        ("cut", None, "cheerios", False),
        ("drop", None, "cheerios", True),
        ("cut", None, "client-1", False),
        ("drop", UDP, "cheerios", False),
    ]
    assert book.rules[-1].fault.which == Which(first=1)


def test_one_sender_of_any_is_healed_and_the_others_are_not() -> None:
    """The rule keeps its name, so that it goes on counting for them."""
    before = after(link("any -> cheerios", LOSS))
    book = healed(before, heal("client-1 -> cheerios"), PLACES)
    assert rows(book) == ["drop client-2 -> cheerios"]
    assert book.rules[0].name == before.rules[0].name
    assert rows(healed(book, heal("client-2 -> cheerios"), PLACES)) == []


def test_said_again_for_one_sender_of_any_it_is_replaced_for_that_one() -> None:
    """The others' rule goes on."""
    book = after(link("any -> cheerios", LOSS), link("client-1 -> cheerios", LOSS))
    assert rows(book) == ["drop client-2 -> cheerios", "drop client-1 -> cheerios"]


def test_heal_takes_all_of_that_direction_and_nothing_of_the_other() -> None:
    """Of both, where it says both; and of all links, where it says all."""
    steps = (link("cheerios <-> client", CUT, LOSS, only=UDP), link("client-1 -> client-2", CUT))
    assert rows(after(*steps, heal("client -> cheerios"))) == [
        "cut cheerios -> client-1",
        "drop cheerios -> client-1",
        "cut cheerios -> client-2",
        "drop cheerios -> client-2",
        "cut client-1 -> client-2",
    ]
    assert rows(after(*steps, heal("client <-> cheerios"))) == ["cut client-1 -> client-2"]
    assert rows(after(*steps, heal())) == []


def test_a_heal_where_nothing_is_heals_nothing() -> None:
    """It is no mistake."""
    book = after(link("client-1 -> cheerios", CUT))
    assert healed(book, heal("client-2 -> cheerios"), PLACES) == book


def test_rules_are_looked_up_by_their_receiver() -> None:
    """In the order in which they were said."""
    book = after(link("client <-> cheerios", CUT), link("client-1 -> cheerios", LOSS))
    assert [rule.fault.name for rule in book.of("cheerios")] == ["cut", "drop"]
    assert book.of("nix") == ()


def test_the_links_own_seed_goes_before_the_scenarios() -> None:
    """Also where it is 0."""
    assert [rule.seed for rule in after(link("client-1 -> cheerios", LOSS)).rules] == [7]
    assert [rule.seed for rule in after(link("client-1 -> cheerios", LOSS, seed=0)).rules] == [0]


STEPS = some.lists(
    some.one_of(
        some.tuples(some.sampled_from(["any", *HOSTS]), some.sampled_from(["->", "<->"]), some.sampled_from(HOSTS))
        .filter(lambda words: words[0] != words[2])
        .flatmap(
            lambda words: some.sampled_from(
                [link(" ".join(words), CUT), link(" ".join(words), LOSS, only=UDP), heal(" ".join(words)), heal()]
            )
        )
    ),
    max_size=12,
)


@SAME_EVERYWHERE
@given(STEPS)
def test_of_each_direction_a_fault_is_in_force_at_most_once(steps: list[Impair | Heal]) -> None:
    """Host by host; no rule is without a sender, and no two have the same name."""
    rules = after(*steps).rules
    each = [(sender, rule.receiver, rule.only, rule.fault.name) for rule in rules for sender in rule.senders]
    assert len(set(each)) == len(each)
    assert all(rule.senders and rule.receiver not in rule.senders for rule in rules)
    assert len({rule.name for rule in rules}) == len(rules)


@SAME_EVERYWHERE
@given(STEPS)
def test_after_heal_all_nothing_is_left(steps: list[Impair | Heal]) -> None:
    """Whatever was there; what is said later still has a new name."""
    book = after(*steps, heal())
    assert book.rules == ()
    assert book.said == after(*steps).said


# What a sidecar is told


def test_a_rule_is_told_so_that_the_sidecar_reads_the_same() -> None:
    """Addresses of both families, times in nanoseconds."""
    fault = Fault(name="delay", delay_s=0.05, jitter_s=0.0105)
    rule = Rule(name="r", receiver="cheerios", senders=frozenset({"client-1"}), only=UDP, fault=fault, seed=3)
    read = rule_from(values(rule, {"client-1": ["10.51.0.2", "fd51:717::2"]}))
    assert read.senders == frozenset({bytes([10, 51, 0, 2]), bytes.fromhex("fd510717") + bytes(11) + b"\x02"})
    assert (read.name, read.fault, read.seed) == ("r", "delay", 3)
    assert (read.delay_ns, read.jitter_ns) == (50_000_000, 10_500_000)
    assert read.only == (17, 51717)


def test_which_packets_are_told_with_what_belongs_to_them() -> None:
    """Bursts, holding back, damage that is seen, a full queue, and the answer of a cut."""
    addresses = {"client-1": ["10.51.0.2"]}

    def read(fault: Fault) -> tuple[object, ...]:
        rule = Rule(name="r", receiver="c", senders=frozenset({"client-1"}), only=None, fault=fault, seed=1)
        told = rule_from(values(rule, addresses))
        which = {name: value for name, value in told.which._asdict().items() if value not in (0, 1.0, b"", frozenset())}
        return which, told.hold, told.is_visible, told.rate, told.queue_ns, told.answer

    queue = 50_000_000
    silent = (1, False, 0.0, queue, "silent")
    assert read(LOSS) == ({"ordinals": frozenset({2, 4})}, *silent)
    assert read(Fault(name="drop", which=Which(share=0.2), burst=3.0)) == ({"share": 0.2, "burst": 3.0}, *silent)
    assert read(Fault(name="drop", which=Which(contains="é"))) == ({"contains": "é".encode()}, *silent)
    reorder = Fault(name="reorder", which=Which(every=5), hold=2)
    assert read(reorder) == ({"every": 5}, 2, False, 0.0, queue, "silent")
    corrupt = Fault(name="corrupt", which=Which(first=3), visible=True)
    assert read(corrupt) == ({"first": 3}, 1, True, 0.0, queue, "silent")
    assert read(Fault(name="rate", rate=1e6, queue_s=0.02)) == ({}, 1, False, 1e6, 20_000_000, "silent")
    assert read(Fault(name="cut", answer="reset")) == ({}, 1, False, 0.0, queue, "reset")


def test_packets_of_every_kind_need_no_words() -> None:
    """Or a protocol, with or without a port."""
    assert only_values(None) is None
    assert only_values(Only("icmp")) == {"protocol": "icmp", "port": None}
    assert only_values(UDP) == {"protocol": "udp", "port": 51717}
