"""What rules decided -> what became of packets at a door."""

from __future__ import annotations

from labctl.observe.chronicle import Decided, InForce, RuleTold
from labctl.observe.network.fates import Fates, Outcome
from labctl.observe.network.journeys import Journey, journeys
from labctl.observe.network.segments import remarks
from labctl.observe.packet.model import TCP, UDP
from tests.unit.observe.network.recorded import HOSTS, INTERFACES, MS, crossed
from tests.unit.observe.packets import CLIENT_PORT, PORT, Talk, frame4, pieces4, udp


def rule(fault: str, words: str = "", *, answer: str = "", fragments: bool = False, visible: bool = True) -> RuleTold:
    """A rule about everything that the client sends, called as its fault is."""
    return RuleTold(
        name=fault,
        words=words or fault,
        fault=fault,
        answer=answer,
        senders=("client",),
        fragments=fragments,
        protocol=None,
        port=None,
        visible=visible,
    )


def decided(
    action: str, fault: str = "", *, length: int = 5, same: int = 1, release_ms: float = 0, **more: int
) -> Decided:
    """A rule's decision about a datagram of so many bytes."""
    values = {"protocol": UDP, "source_port": CLIENT_PORT, "port": PORT, "sequence": 0} | more
    return Decided(
        host="cheerios",
        rule=fault or action,
        sender="client",
        action=action,
        at_ns=0,
        release_ns=round(release_ms * MS),
        length=length,
        same=same,
        **values,
    )


def outcomes(frames: list[bytes], rules: list[RuleTold], decisions: list[Decided]) -> list[Outcome]:
    """Of packets that the client sends, one each millisecond, with rules in force from the beginning."""
    recorded = [frame for number, data in enumerate(frames) for frame in crossed(data, number)]
    known: list[Journey] = journeys(recorded, INTERFACES, HOSTS)
    said = remarks([journey.packet for journey in known])
    fates = Fates(decisions, [InForce("cheerios", 0, tuple(rules))])
    return [
        fates.of(journey, journey.doors[0], remark.datagram.whole if remark.datagram is not None else None)
        for journey, remark in zip(known, said, strict=True)
    ]


DATAGRAMS = [frame4(udp(), UDP)] * 3


def test_without_a_decision_a_packet_arrives_when_it_comes() -> None:
    """No rule had to do with it."""
    assert outcomes(DATAGRAMS[:1], [], []) == [Outcome("arrived", 100_000)]


def test_one_of_many_that_look_alike_is_lost() -> None:
    """Which one is told by its number among them."""
    found = outcomes(DATAGRAMS, [rule("drop", "drop [2]")], [decided("drop", same=2)])
    assert [one.fate for one in found] == ["arrived", "lost", "arrived"]
    assert (found[1].rule, found[1].at_ns) == ("drop [2]", MS + 100_000)


def test_without_numbers_decisions_are_taken_in_turn() -> None:
    """Then nothing more is known."""
    found = outcomes(DATAGRAMS, [rule("delay")], [decided("delay", same=0, release_ms=n + 50) for n in range(3)])
    assert [one.at_ns // MS for one in found] == [50, 51, 52]


def test_a_delayed_packet_is_let_in_when_it_is_released() -> None:
    """By whichever rule held it longest."""
    decisions = [decided("delay", release_ms=30), decided("slow", "rate", release_ms=40)]
    assert outcomes(DATAGRAMS[:1], [rule("delay"), rule("rate")], decisions) == [
        Outcome("late", 40 * MS, "delay, rate")
    ]


def test_a_packet_that_was_held_is_late_once_it_is_let_go() -> None:
    """And lost, if it never was."""
    held = [decided("hold", "reorder"), decided("let-go", "reorder", release_ms=7)]
    assert outcomes(DATAGRAMS[:1], [rule("reorder")], held) == [Outcome("late", 7 * MS, "reorder")]
    assert outcomes(DATAGRAMS[:1], [rule("reorder")], held[:1]) == [Outcome("lost", 100_000, "reorder")]


def test_who_is_cut_with_an_answer_is_refused() -> None:
    """The sender is told; in silence it is lost."""
    cut = [decided("cut")]
    assert [one.fate for one in outcomes(DATAGRAMS[:1], [rule("cut", answer="reset")], cut)] == ["refused"]
    assert [one.fate for one in outcomes(DATAGRAMS[:1], [rule("cut")], cut)] == ["lost"]


def test_a_doubled_packet_is_let_in_twice_and_a_damaged_one_is_damaged() -> None:
    """Both may be said of one."""
    found = outcomes(DATAGRAMS[:1], [rule("duplicate"), rule("corrupt")], [decided("duplicate"), decided("corrupt")])
    assert found == [Outcome("damaged", 100_000, "duplicate, corrupt", 2)]


def test_fragments_are_lost_by_the_rule_about_them() -> None:
    """All but the first, which alone makes no datagram; small datagrams pass."""
    frames = [*pieces4(udp(bytes(4000))), DATAGRAMS[0]]
    found = outcomes(frames, [rule("drop", "drop fragments", fragments=True)], [])
    assert [one.fate for one in found] == ["arrived", "lost", "lost", "arrived"]


def test_what_is_decided_of_a_datagram_holds_for_its_fragments() -> None:
    """Rules see it whole."""
    found = outcomes(pieces4(udp(bytes(4000))), [rule("drop")], [decided("drop", length=4000)])
    assert [one.fate for one in found] == ["lost"] * 3


def test_a_segment_is_known_by_its_number() -> None:
    """One that is sent again looks like the first; it is the second."""
    frames = Talk().client(flags=2).client(flags=2, sequence=0).frames
    lost = decided("drop", length=0, protocol=TCP, sequence=1000)
    assert [one.fate for one in outcomes(frames, [rule("drop")], [lost])] == ["lost", "arrived"]


def test_of_a_long_segment_rules_see_parts() -> None:
    """A part that was lost makes it a lost one."""
    frames = Talk().client(bytes(4000)).frames
    parts = [decided("drop", length=1448, protocol=TCP, sequence=1000 + 1448)]
    assert [one.fate for one in outcomes(frames, [rule("drop")], parts)] == ["lost"]


def parts(*release_ms: float) -> list[Decided]:
    """A rate's decisions about the parts of a segment of so many times 1448 bytes."""
    return [
        decided("slow", "rate", length=1448, protocol=TCP, sequence=1000 + 1448 * place, release_ms=at_ms)
        for place, at_ms in enumerate(release_ms)
    ]


def test_a_long_segment_arrives_with_the_first_of_its_parts() -> None:
    """A program may read that one long before the last is there. When that was is said."""
    frames = Talk().client(bytes(2 * 1448)).frames
    [found] = outcomes(frames, [rule("rate", "rate 1mbit")], parts(12, 24.5))
    assert found == Outcome("late", 12 * MS, "rate 1mbit; its last part came 12.5 ms later")


def test_parts_of_a_long_segment_that_no_rule_held_came_at_once() -> None:
    """Only one of them was held back."""
    frames = Talk().client(bytes(2 * 1448)).frames
    [found] = outcomes(frames, [rule("rate")], parts(12)[:1])
    assert found == Outcome("late", 100_000, "rate; its last part came 11.9 ms later")


def test_each_part_of_a_long_segment_that_is_doubled_makes_it_a_doubled_one() -> None:
    """Not one that came once more for each of its parts."""
    frames = Talk().client(bytes(2 * 1448)).frames
    doubled = [decided("duplicate", length=1448, protocol=TCP, sequence=sequence) for sequence in (1000, 1000 + 1448)]
    assert outcomes(frames, [rule("duplicate")], doubled) == [Outcome("arrived", 100_000, "duplicate", 2)]


def test_what_is_damaged_so_that_its_checksum_tells_is_thrown_away() -> None:
    """By the receiver's kernel; where the damage reaches the program it is not."""
    for visible, words in ((True, "corrupt"), (False, "corrupt; its kernel threw it away")):
        [found] = outcomes(DATAGRAMS[:1], [rule("corrupt", visible=visible)], [decided("corrupt")])
        assert found == Outcome("damaged", 100_000, words, is_thrown_away=not visible)


def test_a_damaged_packet_without_payload_is_thrown_away_either_way() -> None:
    """There is nothing but its checksum to damage."""
    [found] = outcomes([frame4(udp(b""), UDP)], [rule("corrupt")], [decided("corrupt", length=0)])
    assert found.is_thrown_away


def test_of_a_long_segment_a_damaged_part_alone_is_thrown_away() -> None:
    """The others are read."""
    frames = Talk().client(bytes(2 * 1448)).frames
    damaged = [decided("corrupt", length=1448, protocol=TCP, sequence=1000)]
    [found] = outcomes(frames, [rule("corrupt", visible=False)], damaged)
    assert found == Outcome("damaged", 100_000, "corrupt; its kernel threw a part of it away")
