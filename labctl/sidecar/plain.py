"""Rules -> chains of nftables that lose packets by themselves, where the kernel has no packet queue. Pure.

Packets are counted where they arrive, by rule and sender, as with a queue: chance is drawn in advance, from the same
source, so that the same datagrams are lost. Only datagrams can be counted so: the segments of a TCP stream come in
lumps here. What was lost follows from the counts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from labctl.sidecar.packet import ICMP, ICMPV6, UDP
from labctl.sidecar.rules import Counter, Only, Rule
from labctl.sidecar.tables import FAMILIES, TABLE, refusals

HOME = f"inet {TABLE}"
"""The table. Both families have it in common, because a sender's packets are counted together."""
MOST = 100_000
"""Of so many packets of a sender chance is drawn in advance."""
_NEVER = 0x7FFFFFFF
_ELEMENTS_AT_ONCE = 2000
_NAMES = {ICMP: "icmp", UDP: "udp"}


class Run(NamedTuple):
    """A rule and one sender, for as long as the rule is in force. `began`: at which change of the rules."""

    number: int
    rule: Rule
    sender: str
    began: int

    @property
    def came(self) -> str:
        """The name of the counter of packets that it was about."""
        return f"r{self.number}_came"

    @property
    def lost(self) -> str:
        """The name of the counter of packets that it lost."""
        return f"r{self.number}_lost"


def refusal(rule: Rule) -> str:
    """Why a rule can't be kept without a queue, in words; empty when it can."""
    if rule.fault not in ("cut", "drop"):
        return f"{rule.fault} needs a packet queue"
    if rule.fault == "drop" and rule.which.contains:
        return "to lose packets by what they contain needs a packet queue"
    return "" if rule.fault == "cut" else uncountable(rule.only)


def uncountable(only: Only) -> str:
    """Why packets of a kind can't be counted, in words; empty when they can."""
    return "" if only.protocol in _NAMES else "to count packets other than of UDP or ICMP needs a packet queue"


def may_meet(one: Only, other: Only) -> bool:
    """Whether a packet may be of both kinds."""
    pairs = ((one.protocol, other.protocol), (one.port, other.port))
    return all(a == b or a is None or b is None for a, b in pairs)


def loses_all(run: Run, only: Only, began: int) -> bool:
    """Whether a rule, as long as it is in force, has lost all packets of a kind since that change of the rules."""
    kind = run.rule.only
    covers = kind.protocol in (None, only.protocol) and kind.port in (None, only.port)
    return run.rule.fault == "cut" and run.began == began and covers


def matches(addresses: Iterable[bytes], only: Only) -> list[str]:
    """Conditions on packets that these addresses send; a packet meets one of them at most."""
    found = []
    for family, version in zip(FAMILIES, (4, 6), strict=True):
        own = sorted(str(one) for one in map(ipaddress.ip_address, addresses) if one.version == version)
        if own:
            found += [f"{family} saddr {{ {', '.join(own)} }} {kind}" for kind in _kinds(only, family)]
    return found


def _kinds(only: Only, family: str) -> list[str]:
    if only.protocol is None:
        return [""]
    if only.port is None:
        return [f"meta l4proto {ICMPV6 if only.protocol == ICMP and family == 'ip6' else only.protocol} "]
    name = _NAMES.get(only.protocol, "tcp")
    return [f"{name} sport {only.port} ", f"{name} sport != {only.port} {name} dport {only.port} "]


def made(run: Run) -> Iterator[str]:
    """For nft, one text after another: what a run needs; no packet comes there yet."""
    add = f"add rule {HOME} r{run.number}"
    yield f"add counter {HOME} {run.came}\nadd counter {HOME} {run.lost}\nadd chain {HOME} r{run.number}\n"
    yield f"{add} counter name {run.came}\n"
    if run.rule.fault == "cut":
        ends = [*refusals(run.rule.answer), "drop"]
        yield "".join(f"{add} {words}\n" for words in (f"counter name {run.lost}", *ends))
        return
    every = run.rule.which.every
    if every:
        chosen = f"numgen inc mod {every} {every - 1} " if every > 1 else ""
    else:
        modulus, indices = _indices(run)
        chosen = f"numgen inc mod {modulus} @r{run.number}_chosen "
        yield f"add set {HOME} r{run.number}_chosen {{ typeof numgen inc mod {modulus}; }}\n"
        for at in range(0, len(indices), _ELEMENTS_AT_ONCE):
            some = ", ".join(map(str, indices[at : at + _ELEMENTS_AT_ONCE]))
            yield f"add element {HOME} r{run.number}_chosen {{ {some} }}\n"
    yield f"{add} {chosen}counter name {run.lost} drop\n"


def unmade(run: Run) -> str:
    """For nft: away with what a run needed, when no packet can come there any more."""
    lines = [f"flush chain {HOME} r{run.number}", f"delete chain {HOME} r{run.number}"]
    if run.rule.fault == "drop" and not run.rule.which.every:
        lines.append(f"delete set {HOME} r{run.number}_chosen")
    lines += [f"delete counter {HOME} {name}" for name in (run.came, run.lost)]
    return "".join(f"{line}\n" for line in lines)


def _indices(run: Run) -> tuple[int, list[int]]:
    """So many are counted before it begins anew, and which of them are lost, from 0."""
    which = run.rule.which
    if which.share:
        counter = Counter(run.rule, run.sender)
        return MOST, [place for place in range(MOST) if counter.chooses(b"")]
    return _NEVER, [number - 1 for number in sorted(which.ordinals)] or list(range(which.first))


def lost_of(sent: int, runs: Sequence[tuple[Run, int, int]]) -> list[int] | None:
    """Which of so many packets of a sender were lost, by number; None if that doesn't follow from what was counted.

    `runs`: in the order in which packets pass, with how many came to each and how many it lost; all began when the
    first of the packets came, or before, and are about no others.
    """
    counters = [Counter(run.rule, run.sender) for run, _, _ in runs]
    lost = []
    for number in range(1, sent + 1):
        for counter, (run, came, _) in zip(counters, runs, strict=True):
            if counter.came < came and _loses(run.rule, counter):
                lost.append(number)
                break
    seen = [(counter.came, counter.chosen) for counter in counters]
    return lost if seen == [(came, gone) for _, came, gone in runs] else None


def _loses(rule: Rule, counter: Counter) -> bool:
    if rule.fault != "cut":
        return counter.chooses(b"")
    counter.came += 1
    counter.chosen += 1
    return True
