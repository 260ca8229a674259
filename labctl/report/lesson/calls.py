"""A scenario -> the system calls at play in it, each with its manual page and what it does here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labctl.report.lesson.programs import PROGRAMS, Use, reaches_the_network
from labctl.report.lesson.records import Note, call_notes, error_notes, order_notes
from labctl.scenario.model import (
    Check,
    Family,
    HostSpec,
    Impair,
    LinkState,
    Port,
    PortState,
    ProgramState,
    Run,
    Scenario,
    Send,
    Signal,
    Start,
    Step,
    Stop,
    Wait,
)

ORDER = (
    *("getaddrinfo(3)", "socket(2)", "setsockopt(2)", "bind(2)", "getsockname(2)", "listen(2)", "connect(2)"),
    *("accept(2)", "fork(2)", "write(2)", "send(2)", "read(2)", "recv(2)", "poll(2)", "shutdown(2)", "close(2)"),
    *("unlink(2)", "sigaction(2)", "wait(2)", "waitpid(2)", "kill(2)"),
    *("socket(7)", "ip(7)", "ipv6(7)", "tcp(7)", "udp(7)", "unix(7)", "icmp(7)", "arp(7)", "signal(7)", "pty(7)"),
)
"""The pages as a reader wants them: calls as a program makes them, then overviews. Others come after these."""

_BLOCKED = {
    "accept": ("accept(2)", "sleeps until there is a connection to return"),
    "connect": ("connect(2)", "sleeps until the other side has answered, or the time is up"),
    "read": ("read(2)", "sleeps until something has come, or the other side has closed"),
    "recvfrom": ("recv(2)", "sleeps until a datagram has come"),
    "write": ("write(2)", "sleeps until there is room for more in the socket's buffer"),
    "sendto": ("send(2)", "sleeps until there is room for more in the socket's buffer"),
    "wait": ("wait(2)", "sleeps until a child has ended"),
    "poll": ("poll(2)", "sleeps until one of several descriptors is ready"),
}
_SIGNALS = {
    "STOP": "stops a program where it stands; its sockets belong to the kernel, which goes on",
    "CONT": "lets a stopped program go on",
    "KILL": "ends a program, which can't catch it; the kernel closes its sockets",
    "TERM": "asks a program to end; one that has said nothing else is ended by it",
    "INT": "is what Ctrl-C sends",
    "PIPE": "comes when one writes to a connection that nobody reads any more",
    "CHLD": "tells a parent that a child has ended",
}
_SOCKET_STATES = {
    "syn-sent": "the first segment (SYN) is sent, and there is no answer yet",
    "syn-received": "a SYN was answered, and the last segment of the handshake is not here yet",
    "established": "the handshake is done: bytes can go both ways, whether accept was called or not",
    "fin-wait": "this side has closed, and the other not yet",
    "close-wait": "the other side has closed, and the program here has not",
    "time-wait": "who closed first keeps the pair of ports for a minute, so that late segments harm nobody",
}
_ICMP = ("icmp(7)", "the sender's kernel is told, and a later call on its socket returns the error")
_CUTS = {
    "reset": ("tcp(7)", "the answer is a segment with RST, as from a port where nobody listens"),
    "port-unreachable": _ICMP,
    "host-unreachable": _ICMP,
    "net-unreachable": _ICMP,
    "admin-prohibited": _ICMP,
}
_FAULTS = {
    ("drop", "udp"): "what is lost is lost in silence: neither side is told",
    ("drop", "tcp"): "what is not acknowledged in time is sent again, and no program notices",
    ("duplicate", "udp"): "a datagram may come twice; who must know writes a number into it",
    ("duplicate", "tcp"): "a segment that was here before is thrown away by its numbers",
    ("reorder", "udp"): "datagrams may overtake each other; who must know writes a number into them",
    ("reorder", "tcp"): "segments are put in order by their numbers before a program reads them",
    ("corrupt", "udp"): "what doesn't fit its checksum is thrown away in silence",
    ("corrupt", "tcp"): "what doesn't fit its checksum is thrown away, and so sent again",
    ("delay", "tcp"): "how long to wait before a segment is sent again is learnt from the answers before",
    ("rate", "tcp"): "a sender learns from losses how much the way carries",
}
"""What a fault means for a protocol."""

_SETTINGS = {
    "net.core.somaxconn": ("listen(2)", "is the most that listen gets, whatever it asks for"),
    "net.ipv4.tcp_syn_retries": ("tcp(7)", "says how often a SYN is sent again before connect gives up"),
    "net.ipv4.tcp_rmem": ("tcp(7)", "gives the least, the usual and the largest receive buffer, in bytes"),
    "net.ipv4.ip_unprivileged_port_start": ("ip(7)", "is the first port that needs no privilege"),
    "net.ipv4.icmp_ratelimit": ("icmp(7)", "is the pause between two ICMP messages to one host, in ms"),
}
_CALLS_OF_PYTHON = {
    "socket": "socket(2)",
    "create_connection": "connect(2)",
    "create_server": "listen(2)",
    "send": "send(2)",
    "sendto": "send(2)",
    "sendall": "send(2)",
    "recv": "recv(2)",
    "recvfrom": "recv(2)",
} | {name: f"{name}(2)" for name in ("bind", "listen", "connect", "accept", "setsockopt", "shutdown", "fork", "unlink")}
_NEIGHBOURS = ("arp(7)", "says how long, or how often, a neighbour that doesn't answer is asked for")


def calls_at_play(scenario: Scenario) -> list[tuple[str, list[str]]]:
    """The manual pages of a scenario in ORDER, each with its notes, which begin with whom they are about."""
    pages: dict[str, dict[str, list[str]]] = {}
    for page, about, says in _notes(scenario):
        whose = pages.setdefault(page, {}).setdefault(says, [])
        if about not in whose:
            whose.append(about)
    for page, about, says in call_notes(scenario.steps):
        pages.setdefault(page, {says: [about]})
    place = {page: number for number, page in enumerate(ORDER)}
    return [
        (page, [f"{', '.join(whose)}: {says}" for says, whose in pages[page].items()])
        for page in sorted(pages, key=lambda page: place.get(page, len(place)))
    ]


def _notes(scenario: Scenario) -> Iterator[Note]:
    for step in scenario.steps:
        yield from _of_step(step)
    yield from error_notes(scenario.steps)
    for spec in scenario.hosts or ():
        yield from _of_host(spec)
    if any(family is not Family.IPV4 for family in scenario.families):
        yield "ipv6(7)", "IPv6", "the same calls, with longer addresses and a family of its own"


def _of_step(step: Step) -> Iterator[Note]:
    match step:
        case Start() | Run():
            yield from _of_command(step.command)
            if isinstance(step, Start):
                yield from _of_state(step.ready)
        case Send():
            yield "pty(7)", "send", "what is typed goes through a terminal, a line at a time"
        case Signal():
            yield "kill(2)", "signal", "sends one to a process"
            yield "signal(7)", step.signal, _SIGNALS.get(step.signal, "is one of the signals with a meaning")
        case Stop():
            yield "kill(2)", "stop", "sends SIGTERM to a process"
            yield "signal(7)", "TERM", _SIGNALS["TERM"]
        case Impair():
            yield from _of_faults(step)
        case Wait():
            yield from _of_state(step.until, step.subject)
        case Check():
            yield from _of_state(step.expect, step.subject)
        case _:
            return


def _of_faults(step: Impair) -> Iterator[Note]:
    protocol = step.only.protocol if step.only is not None else ""
    for fault in step.faults:
        if fault.name == "cut" and fault.answer in _CUTS:
            page, says = _CUTS[fault.answer]
            yield page, f"cut: {fault.answer}", says
        elif fault.which is not None and fault.which.fragments:
            yield "ip(7)", "fragments", "a datagram larger than a frame goes in pieces, and arrives whole or not at all"
        elif (fault.name, protocol) in _FAULTS:
            yield f"{protocol}(7)", fault.name, _FAULTS[fault.name, protocol]


def _of_command(words: tuple[str, ...]) -> Iterator[Note]:
    name = words[0].rpartition("/")[2]
    if name in ("sh", "bash") and len(words) > 2:
        for part in re.split(r"[;&|()\n]+", words[2]):
            yield from _of_program_named((part.split() or [""])[0], part.split())
    elif name.startswith("python") and len(words) > 2:
        for call in re.findall(r"\.([a-z]+)\(", words[2]):
            if call in _CALLS_OF_PYTHON:
                yield _CALLS_OF_PYTHON[call], name, "calls it as the step's text says"
    elif reaches_the_network(name, words[1:]):
        yield from _of_program_named(name, words)


def _of_program_named(name: str, words: Sequence[str]) -> Iterator[Note]:
    for use in PROGRAMS.get(name, ()):
        if _is_made(use, words):
            yield use.page, name, use.says


def _is_made(use: Use, words: Sequence[str]) -> bool:
    flags = {word.partition("=")[0] for word in words if word.startswith("--")}
    values = set(words)
    asked = use.flag is None or use.flag in flags or use.flag in values
    return asked and not (use.unless is not None and (use.unless in flags or use.unless in values))


def _of_state(state: object, it: object = None) -> Iterator[Note]:
    match state:
        case ProgramState():
            yield from _of_program(state)
        case LinkState():
            if state.retransmitted is not None:
                yield "tcp(7)", "retransmitted", _FAULTS["drop", "tcp"]
            if state.resets is not None:
                yield "tcp(7)", "resets", "a segment with RST ends a connection at once"
            yield from order_notes(state.order)
        case PortState():
            yield from _of_port(state, it.protocol if isinstance(it, Port) else "tcp")


def _of_program(state: ProgramState) -> Iterator[Note]:
    if state.blocked is not None:
        page, says = _BLOCKED.get(state.blocked, (f"{state.blocked}(2)", "sleeps until it has what it waits for"))
        yield page, "blocked", says
    if state.children is not None:
        yield "fork(2)", "children", "each is a process of its own, with copies of its parent's descriptors"
    if state.zombies is not None:
        yield "wait(2)", "zombies", "a child that has ended stays in the process table until its parent waits for it"


def _of_port(state: PortState, protocol: str) -> Iterator[Note]:
    if state.listening is not None and protocol != "udp":
        yield "listen(2)", "listening", "from here on the kernel takes connections for the program"
    elif state.listening is not None:
        yield "bind(2)", "listening", "a datagram socket is reachable as soon as it has a port"
    if state.waiting is not None:
        yield "listen(2)", "waiting", "connections that are complete wait in a queue until accept returns them"
    if state.unread is not None:
        yield f"{protocol}(7)", "unread", "what has come lies in the receive buffer, whether it is read or not"
    if state.unacked is not None:
        yield f"{protocol}(7)", "unacked", "what is sent stays in the send buffer until the other kernel has it"
    if state.overflowed is not None:
        yield f"{protocol}(7)", "overflowed", "what finds no room in the receive buffer is lost, and nobody is told"
    for name in state.sockets:
        yield "tcp(7)", name, _SOCKET_STATES[name]


def _of_host(spec: HostSpec) -> Iterator[Note]:
    for name in spec.sysctls:
        page, says = _SETTINGS.get(name, _NEIGHBOURS)
        yield page, name.rpartition(".")[2], says
