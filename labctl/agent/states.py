"""What is so on this host, held against what should be so: a condition -> what is seen, and what is missing.

A condition comes as JSON from labctl. Deciding is apart from looking: `seen_*` looks, `missing` compares.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from labctl.agent.processes import Process, descendants
from labctl.agent.sockets import Socket
from labctl.agent.syscalls import members

Seen = dict[str, Any]  # Any: numbers, booleans and lists of names, by the state's word
Wanted = dict[str, Any]  # Any: [min, max], a boolean or a word, by the state's word


class PortWanted(NamedTuple):
    """A port as a condition names it. `addresses` None: any; `number` None: any; `path` only for unix."""

    protocol: str
    number: int | None
    addresses: list[str] | None
    path: str | None


def at_port(port: PortWanted, sockets: list[Socket]) -> list[Socket]:
    """The sockets at a port: those bound to it, and those that talk to it (either end of a connection)."""
    if port.protocol == "unix":
        return [one for one in sockets if one.local[0] == port.path]
    return [one for one in sockets if _is_end(port, one.local) or _is_end(port, one.remote)]


def bound_to(port: PortWanted, sockets: list[Socket]) -> list[Socket]:
    """The sockets whose own end is the port."""
    if port.protocol == "unix":
        return [one for one in sockets if one.local[0] == port.path]
    return [one for one in sockets if _is_end(port, one.local) and not _is_other_family(port, one)]


def _is_other_family(port: PortWanted, one: Socket) -> bool:
    """Whether a socket is bound to every address, but to none of the family that was asked for."""
    address = one.local[0]
    if port.addresses is None or address not in _EVERY_ADDRESS:
        return False
    takes_ipv4, takes_ipv6 = address == "0.0.0.0" or not one.ipv6_only, address == "::"
    return not any(takes_ipv6 if ":" in wanted else takes_ipv4 for wanted in port.addresses)


_EVERY_ADDRESS = ("0.0.0.0", "::")


def _is_end(port: PortWanted, end: tuple[str, int]) -> bool:
    address, number = end
    if number == 0 or (port.number is not None and number != port.number):
        return False
    if port.addresses is None:
        return True
    plain = address.removeprefix("::ffff:") if "." in address else address
    return plain in port.addresses or (plain in _EVERY_ADDRESS and plain == address)


def seen_at_port(port: PortWanted, sockets: list[Socket]) -> Seen:
    """Every state of a port: listening, waiting, unread, unacked, overflowed, and sockets by TCP state.

    `closing`: those whose FIN is not acknowledged yet.
    """
    own = bound_to(port, sockets)
    listening = [one for one in own if one.state == "listening"]
    streams = [one for one in at_port(port, sockets) if not _listens(one)]
    seen: Seen = {
        "listening": bool(listening),
        "waiting": sum(one.received for one in listening if one.protocol != "udp"),
        "unread": sum(one.received for one in (own if port.protocol == "udp" else streams)),
        "unacked": sum(one.sent for one in streams),
        "overflowed": sum(one.dropped for one in own),
        "closing": sum(1 for one in streams if one.awaits_last_ack),
    }
    for state in ("syn-sent", "syn-received", "established", "fin-wait", "close-wait", "time-wait"):
        seen[state] = sum(1 for one in streams if one.state == state)
    return seen


def _listens(one: Socket) -> bool:
    return one.state == "listening" and one.protocol != "udp"


def seen_of_program(main: int, among: dict[int, Process], calls: list[str], *, stopped: bool) -> Seen:
    """Every state of a program: its living children, its zombies, in which calls it or they block, if it is stopped."""
    family = descendants(main, among)
    return {
        "children": sum(1 for one in family if one.state not in "ZX"),
        "zombies": sum(1 for one in family if one.state == "Z"),
        "blocked": sorted(set(calls)),
        "stopped": stopped,
    }


def missing(wanted: Wanted, seen: Seen) -> list[str]:
    """What of the wanted is not so: a list of its words, empty when all is so."""
    return [word for word, value in wanted.items() if not _is_so(word, value, seen.get(word))]


def _is_so(word: str, value: Any, seen: Any) -> bool:
    if word == "blocked":
        return bool(members(value) & set(seen or ()))
    if isinstance(value, list):
        low, high = value
        return seen is not None and (low is None or seen >= low) and (high is None or seen <= high)
    return bool(seen == value)
