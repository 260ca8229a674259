"""Which packets are to pass the queue -> tables of the kernel's packet filter, lent: ours alone are made and removed.

One table holds what chooses packets (before the queue) and what refuses or doubles them (after it). Where nftables has
no queue of its own (a kernel without NFT_QUEUE) one rule of iptables sends them there. nft(8), iptables-extensions(8).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from labctl.sidecar.marks import CHOSEN, COPIED, DOUBLED
from labctl.sidecar.packet import ICMP, ICMPV6, TCP, UDP
from labctl.sidecar.rules import Json, Only, only_from

TABLE = "labctl"
FAMILIES = ("ip", "ip6")
QUEUE = 51717
_REFUSALS = {
    "reset": ("tcp reset", "tcp reset"),
    "port-unreachable": ("icmp type port-unreachable", "icmpv6 type port-unreachable"),
    "host-unreachable": ("icmp type host-unreachable", "icmpv6 type addr-unreachable"),
    "net-unreachable": ("icmp type net-unreachable", "icmpv6 type no-route"),
    "admin-prohibited": ("icmp type admin-prohibited", "icmpv6 type admin-prohibited"),
}
REFUSED = {name: 0x1AB0010 + place for place, name in enumerate(_REFUSALS)}
"""The mark of a packet that is refused, by the answer that its sender gets."""

_TO_QUEUE = ["-m", "mark", "--mark", f"{CHOSEN:#x}", "-j", "NFQUEUE", "--queue-num", str(QUEUE)]
_IPTABLES = tuple(zip(("iptables", "ip6tables"), FAMILIES, strict=True))
_PROTOCOLS = {TCP: "tcp", UDP: "udp"}
_IF_TCP = "meta l4proto tcp "
_WITHIN_S = 10.0


class TableError(Exception):
    """The packet filter could not be asked, or refused: in its own words."""


class Interest(NamedTuple):
    """Packets of some senders (addresses as texts; None: whoever sends), of some kind."""

    senders: tuple[str, ...] | None
    only: Only


def interest_from(values: Json) -> Interest:
    """`{"senders": [ADDRESS], "only": {...}}`, both optional."""
    senders = values.get("senders")
    return Interest(None if senders is None else tuple(senders), only_from(values.get("only")))


class Tables:
    """The tables of this network namespace that are ours."""

    def __init__(self, addresses: Sequence[str], *, has_own_queue: bool) -> None:
        """`addresses`: the host's own. `has_own_queue`: nftables itself can send packets to a queue here."""
        self._addresses = tuple(addresses)
        self._has_own_queue = has_own_queue
        self._had_mangle: dict[str, bool] = {}
        self._is_up = False
        self._loses_fragments = False

    def send_to_queue(self, interests: Sequence[Interest]) -> None:
        """Send packets of these kinds to the queue from now on, and no others. The queue must be open.

        A change is atomic, and packets that are in the queue stay there.
        """
        if not self._is_up:
            self._is_up = True
            nft(frame(self._addresses, has_own_queue=self._has_own_queue))
            if not self._has_own_queue:
                self._use_iptables()
        nft(choosing(interests))

    def lose_fragments(self, interests: Sequence[Interest]) -> None:
        """Lose every fragment but the first of datagrams of these kinds, from now on, and no others."""
        nft(losing_fragments(interests))
        self._loses_fragments = bool(interests)

    def fragmented(self) -> dict[tuple[str, int | None], int]:
        """How many datagrams lost their fragments since `lose_fragments`, by sender and protocol (None: another)."""
        lost: dict[tuple[str, int | None], int] = {}
        for family in FAMILIES if self._loses_fragments else ():
            said = json.loads(run(["nft", "-j", "list", "chain", family, TABLE, "fragments"]))
            for rule in (item["rule"] for item in said["nftables"] if "rule" in item):
                sender, _, protocol = rule.get("comment", "").partition(" ")
                if sender:
                    key = (sender, int(protocol) if protocol else None)
                    counts = (word["counter"]["packets"] for word in rule["expr"] if "counter" in word)
                    lost[key] = lost.get(key, 0) + sum(counts)
        return lost

    def take_down(self) -> None:
        """Remove what is ours, and nothing else. May be called twice; goes on after a failure, which it tells."""
        failures = []
        for command, family in _IPTABLES:
            if family in self._had_mangle:
                try:
                    run([command, "-w", "-t", "mangle", "-D", "INPUT", *_TO_QUEUE])
                    if not self._had_mangle.pop(family) and _there_is(family, "mangle"):
                        nft(f"delete table {family} mangle\n")
                except TableError as error:
                    failures.append(str(error))
        if self._is_up:
            self._is_up = False
            nft("".join(map(away, FAMILIES)))
        if failures:
            raise TableError("; ".join(failures))

    def _use_iptables(self) -> None:
        for command, family in _IPTABLES:
            had = _there_is(family, "mangle")
            if had and _has_rule(command):  # of a sidecar that was killed
                self._had_mangle[family] = True
                continue
            run([command, "-w", "-t", "mangle", "-A", "INPUT", *_TO_QUEUE])
            self._had_mangle[family] = had


def frame(addresses: Sequence[str], *, has_own_queue: bool) -> str:
    """For nft: a table of each family with its chains, and the rules that never change."""
    return "".join(_table(family, addresses, has_own_queue=has_own_queue) for family in FAMILIES)


def _table(family: str, addresses: Sequence[str], *, has_own_queue: bool) -> str:
    own = [address for address in addresses if (":" in address) == (family == "ip6")]
    copies = [f"meta mark {DOUBLED:#x} meta mark set {COPIED:#x} dup to {address}" for address in own[:1]]
    refusals = [
        f"meta mark {REFUSED[name]:#x} {_IF_TCP if name == 'reset' else ''}reject with {words[FAMILIES.index(family)]}"
        for name, words in _REFUSALS.items()
    ]
    lost = [f"meta mark {mark:#x} drop" for mark in REFUSED.values()]  # what can't be refused like this
    chains = [
        *_fragmented(),
        _chain("choose", "input priority -160", []),
        _chain("hold", "input priority -150", [f"meta mark {CHOSEN:#x} queue num {QUEUE}"]) if has_own_queue else "",
        _chain("after", "input priority -100", [f"meta mark {CHOSEN:#x} meta mark set 0", *copies, *refusals, *lost]),
    ]
    return _anew(family, chains)


def frame_without_queue() -> str:
    """For nft: a table of each family for its fragments, and one of both for all packets that come."""
    whole = "".join(_anew(family, _fragmented()) for family in FAMILIES)
    return whole + _anew("inet", [_chain("input", "input priority -150", [])])


def _anew(family: str, chains: Sequence[str]) -> str:
    return f"{away(family)}table {family} {TABLE} {{\n{''.join(chains)}}}\n"  # a killed sidecar left its own


def away(family: str) -> str:
    """For nft: no table of ours any more, whether there was one or not."""
    return f"add table {family} {TABLE}\ndelete table {family} {TABLE}\n"


def _fragmented() -> list[str]:
    whole = [_chain(f"whole_{way}", f"{way} priority -300", rules) for way, rules in _WHOLE]
    return [_chain("fragments", "prerouting priority -450", []), *whole]


_WHOLE = (("prerouting", ("ct state untracked", "notrack")), ("output", ("notrack",)))
"""Whoever speaks of connections gets datagrams whole: without, IPv6 would put them together after our queue only, and
IPv4 would refuse to double one that came in fragments. No connection need be known for that, and none is."""


def refusals(answer: str) -> list[str]:
    """For nft, in a table of both families: how packets are refused with this answer; nothing for silence."""
    if answer not in _REFUSALS:
        return []
    if answer == "reset":
        return [f"{_IF_TCP}reject with tcp reset"]
    versions = zip(("ipv4", "ipv6"), _REFUSALS[answer], strict=True)
    return [f"meta nfproto {version} reject with {words}" for version, words in versions]


def _chain(name: str, hook: str, rules: Sequence[str]) -> str:
    lines = [f"chain {name} {{", f"type filter hook {hook}; policy accept;", *rules, "}"]
    return "".join(f"{line}\n" for line in lines)


def choosing(interests: Sequence[Interest]) -> str:
    """For nft: the rules that choose packets, in place of those before. What comes over loopback is never chosen."""
    lines = []
    for family in FAMILIES:
        chain = f"{family} {TABLE} choose"
        lines += [f"flush chain {chain}", f'add rule {chain} iifname "lo" return']
        if family == "ip6":
            lines.append(f"add rule {chain} icmpv6 type {{ 133-137 }} return")
        lines += [
            f"add rule {chain} {source}{kind}meta mark set {CHOSEN:#x}"
            for interest in interests
            for source in _source(interest, family)
            for kind in _kinds(interest.only, family)
        ]
    return "".join(f"{line}\n" for line in lines)


def losing_fragments(interests: Sequence[Interest]) -> str:
    """For nft: the rules that lose fragments, and count the first ones, in place of those before."""
    lines = [f"flush chain {family} {TABLE} fragments" for family in FAMILIES]
    if interests:  # what comes over loopback is a copy of ours
        lines += [f'add rule {family} {TABLE} fragments iifname "lo" return' for family in FAMILIES]
    for family, of_protocol, first, further in _FRAGMENTS:
        for sender, protocol in _lost_kinds(interests, family):
            kind = of_protocol.format(_number(protocol, family)) if protocol is not None else ""
            rule = f"add rule {family} {TABLE} fragments {family} saddr {sender} {kind}"
            comment = f'comment "{sender} {protocol or ""}"'
            lines += [f"{rule}{first} counter accept {comment}", f"{rule}{further} drop"]
    return "".join(f"{line}\n" for line in lines)


def _lost_kinds(interests: Sequence[Interest], family: str) -> list[tuple[str, int | None]]:
    """Each sender of the family with a protocol of whose datagrams it loses fragments, every kind once.

    Of one that loses all, those that views may ask for come first, each with a rule of its own that counts them.
    """
    kinds = [
        (sender, protocol)
        for interest in interests
        for sender in interest.senders or ()
        if (":" in sender) == (family == "ip6")
        for protocol in ([interest.only.protocol] if interest.only.protocol is not None else [TCP, UDP, ICMP, None])
    ]
    return sorted(dict.fromkeys(kinds), key=lambda kind: (kind[0], kind[1] is None))


_FRAGMENTS = (
    ("ip", "ip protocol {} ", "ip frag-off & 0x3fff == 0x2000", "ip frag-off & 0x1fff != 0"),
    (
        "ip6",
        "frag nexthdr {} ",
        "frag frag-off 0 frag more-fragments 1",
        "frag frag-off != 0",
    ),
)
"""By family: how to say of what protocol a fragment is, that it is the first of several, that it is a further one."""


def _number(protocol: int, family: str) -> int:
    return ICMPV6 if protocol == ICMP and family == "ip6" else protocol


def _source(interest: Interest, family: str) -> list[str]:
    """A condition on who sends, or none; nothing where nobody sends with that family."""
    if interest.senders is None:
        return [""]
    addresses = [address for address in interest.senders if (":" in address) == (family == "ip6")]
    return [f"{family} saddr {{ {', '.join(addresses)} }} "] if addresses else []


def _kinds(only: Only, family: str) -> list[str]:
    """Conditions on what is sent; one of them must hold."""
    if only.protocol is None:
        return [""]
    if only.port is None:
        return [f"meta l4proto {_number(only.protocol, family)} "]
    return [f"{_PROTOCOLS[only.protocol]} {side} {only.port} " for side in ("sport", "dport")]


def _has_rule(command: str) -> bool:
    try:
        run([command, "-w", "-t", "mangle", "-C", "INPUT", *_TO_QUEUE])
    except TableError:
        return False
    return True


def _there_is(family: str, table: str) -> bool:
    said = json.loads(run(["nft", "-j", "list", "tables"]))
    tables = [item["table"] for item in said["nftables"] if "table" in item]
    return any(one["family"] == family and one["name"] == table for one in tables)


def nft(text: str) -> None:
    """Have nft read these lines: all of them take effect, or none. TableError."""
    run(["nft", "-f", "-"], text)


def run(words: Sequence[str], text: str = "") -> str:
    """What one of the packet filter's commands prints. TableError when it is missing, hangs or refuses."""
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
    except FileNotFoundError:
        raise TableError(f"there is no command {words[0]!r} here") from None
    except subprocess.TimeoutExpired:
        raise TableError(f"{words[0]!r} did not end within {_WITHIN_S:g} s") from None
    if done.returncode:
        raise TableError(f"{words[0]}: {' '.join(done.stderr.split())}")
    return done.stdout
