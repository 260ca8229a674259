"""The packets of a run -> complaints where they did not pass a link as the scenario's `order` has it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from labctl.observe.story import PacketSeen
from labctl.scenario.model import Only, Passing

HostsOf = Callable[[PacketSeen], tuple[str, Collection[str]]]
"""Who sent a packet, and who it was meant for."""

MOST_SHOWN = 12


class Passage(Struct, frozen=True):
    """Something that passed a link: a WORD of `order`, and which way. Both, where the ends of a link share hosts."""

    word: str
    forward: bool
    back: bool


def judged_order(order: Sequence[Passing], passages: Sequence[Passage]) -> list[str]:
    """The first of the packets that did not pass after the ones before it, gaps allowed; none where all did."""
    place = 0
    for number, each in enumerate(order):
        found = next((at for at in range(place, len(passages)) if _is_it(each, passages[at])), None)
        if found is None:
            after = f" after {_spelled(order[number - 1])}" if number else ""
            return [f"order: expected {_spelled(each)}{after}, {_instead(each, passages[:place], passages[place:])}"]
        place = found + 1
    return []


def passages(
    packets: Iterable[PacketSeen],
    ends: tuple[Collection[str], Collection[str]],
    hosts_of: HostsOf,
    *,
    only: Only | None = None,
    since_ns: int | None = None,
) -> list[Passage]:
    """What passed between the two ends of a link, by when it left; what was lost on its way did too.

    `ends` are the hosts that each end stands for. `since_ns`: leave out what left before. A packet that is several
    things (DATA and FIN) is each of them, one after the other.
    """
    chosen = [packet for packet in packets if only is None or _is_of(packet, only)]
    found: list[Passage] = []
    for packet in sorted(chosen, key=lambda packet: packet.at_ns):
        if since_ns is None or packet.at_ns >= since_ns:
            found += _passages_of(packet, ends, hosts_of)
    return found


def _passages_of(
    packet: PacketSeen, ends: tuple[Collection[str], Collection[str]], hosts_of: HostsOf
) -> Iterator[Passage]:
    sender, meant_for = hosts_of(packet)
    one, other = ends
    receivers = set(meant_for) - {sender}
    forward = sender in one and not receivers.isdisjoint(other)
    back = sender in other and not receivers.isdisjoint(one)
    if forward or back:
        yield from (Passage(word, forward, back) for word in packet.passes)


def _is_of(packet: PacketSeen, only: Only) -> bool:
    return packet.kind == only.protocol and (only.port is None or only.port in packet.ports)


def _is_it(wanted: Passing, passage: Passage) -> bool:
    return passage.word == wanted.word and (passage.forward if wanted.forward else passage.back)


def _instead(wanted: Passing, before: Sequence[Passage], after: Sequence[Passage]) -> str:
    came_early = any(_is_it(wanted, passage) for passage in before)
    why = "and it passed only before" if came_early else "and it never passed"
    if after:
        return f"{why}; what passed {'then' if before else 'is'}: {_listed(after)}"
    return f"{why}; nothing passed {'then' if before else 'at all'}"


def _listed(passages: Sequence[Passage]) -> str:
    """`-> SYN 3 times, <- RST`; the first of them, where they are many."""
    rows = [(passage, len(list(same))) for passage, same in groupby(passages)]
    shown = [f"{_arrow(passage)} {passage.word}{f' {times} times' if times > 1 else ''}" for passage, times in rows]
    left_out = len(shown) - MOST_SHOWN
    return ", ".join([*shown[:MOST_SHOWN], *([f"… and {left_out} more"] if left_out > 0 else [])])


def _arrow(passage: Passage) -> str:
    return "<->" if passage.forward and passage.back else "->" if passage.forward else "<-"


def _spelled(passing: Passing) -> str:
    return f"{'->' if passing.forward else '<-'} {passing.word}"
