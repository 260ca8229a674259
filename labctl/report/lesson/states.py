"""What must be so -> plain sentences, one for each thing that is looked at."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from labctl.report.lesson.records import call_sentences
from labctl.report.wording import counts, how_long, shown, some
from labctl.scenario.model import End, Match, Num, PortState, ProgramState, ThingState


class Verbs(Struct, frozen=True):
    """The verbs of a sentence, as its subject wants them."""

    ends: str = "ends"
    is_ended: str = "is ended"
    prints: str = "prints"
    prints_not: str = "does not print"
    takes: str = "takes"
    calls: str = "calls"


ONE = Verbs()
SEVERAL = Verbs(ends="end", is_ended="are ended", prints="print", prints_not="do not print", takes="take", calls="call")
_SO_FAR = Verbs(prints="has printed", prints_not="has not printed")

_SOCKETS = {
    "syn-sent": ("socket has called and has no answer", "sockets have called and have no answer"),
    "syn-received": ("socket has answered a call and heard no more", "sockets have answered a call and heard no more"),
    "established": ("socket is connected", "sockets are connected"),
    "fin-wait": ("socket has closed, and its peer has not", "sockets have closed, and their peers have not"),
    "close-wait": ("socket has a peer that has closed", "sockets have a peer that has closed"),
    "time-wait": ("socket lingers after its end", "sockets linger after their end"),
}


def end_sentences(end: End, verbs: Verbs, *, after_stop: bool = False) -> Iterator[str]:
    """How programs end, without the subject: `ends with status 1`, `prints on stderr: …`, `takes at most 2 s`."""
    yield _exit(end.exit, verbs, after_stop=after_stop)
    for stream, match in (("stdout", end.stdout), ("stderr", end.stderr)):
        if match is not None:
            yield from match_sentences(match, stream, verbs)
    if end.took is not None:
        yield f"{verbs.takes} {how_long(end.took)}"
    yield from call_sentences(end.syscalls, verbs.calls)


def _exit(wanted: int | str | None, verbs: Verbs, *, after_stop: bool) -> str:
    match wanted:
        case None:
            return f"{verbs.ends} with status 0" + (", or by the SIGTERM" if after_stop else "")
        case int():
            return f"{verbs.ends} with status {wanted}"
        case "nonzero":
            return f"{verbs.ends} with a status other than 0"
        case "any":
            return f"{verbs.ends}, no matter how"
        case _:
            return f"{verbs.is_ended} by SIG{wanted}"


def match_sentences(match: Match, stream: str, verbs: Verbs = ONE) -> Iterator[str]:
    """What is printed: `prints on stdout: hello`, `prints nothing on stderr`, `does not print on stdout: x`."""
    often = "" if match.count is None else f" {_times(match.count)}"
    if match.contains == ("",) or match.equals == "":
        yield f"{verbs.prints} nothing on {stream}"
    elif match.contains:
        order = ", in this order" if len(match.contains) > 1 else ""
        yield f"{verbs.prints} on {stream}{often}{order}: {'; '.join(map(shown, match.contains))}"
    if match.equals:
        yield f"{verbs.prints} on {stream} this and nothing else: {shown(match.equals)}"
    if match.matches is not None:
        yield f"{verbs.prints} on {stream}{often} what fits the pattern {shown(match.matches)}"
    for text in match.absent:
        yield f"{verbs.prints_not} on {stream}: {shown(text)}"
    if match.strict is not None:
        yield f"{verbs.prints} on {stream}, if it is the lab's own program: {shown(match.strict)}"


def _times(count: Num) -> str:
    return "once" if count == Num(1, 1) else some(count, "time")


def program_sentences(state: ProgramState) -> Iterator[str]:
    """How a running program is, without the subject: `sleeps in accept`, `has 2 child processes`."""
    if state.output is not None:
        if state.output.text is not None:
            yield f"has printed: {shown(state.output.text)}"
        else:
            yield f"has printed what fits the pattern {shown(state.output.matches or '')}"
    if state.blocked is not None:
        yield f"sleeps in the system call {state.blocked}"
    if state.children is not None:
        yield f"has {some(state.children, 'child process', 'child processes')}"
    if state.zombies is not None:
        yield f"has {some(state.zombies, 'zombie')}, ended and not waited for"
    for stream, match in (("stdout", state.stdout), ("stderr", state.stderr)):
        if match is not None:
            yield from match_sentences(match, stream, _SO_FAR)


def port_sentences(state: PortState, protocol: str) -> Iterator[str]:
    """What sockets do at a port: whole sentences, `a socket listens`, `6 connections wait for accept`."""
    if state.listening is not None:
        does = "is bound" if protocol == "udp" else "listens"
        yield f"{'a' if state.listening else 'no'} socket {does}"
    yield from counts(
        (state.waiting, "connection waits for accept", "connections wait for accept"),
        (state.unread, "byte lies unread", "bytes lie unread"),
        (state.unacked, "byte waits to be acknowledged", "bytes wait to be acknowledged"),
        (state.overflowed, "datagram found no room and is lost", "datagrams found no room and are lost"),
    )
    for name, number in state.sockets.items():
        yield f"{some(number, *_SOCKETS[name])} ({name.upper()})"


def thing_sentences(state: ThingState) -> Iterator[str]:
    """What testinfra must say: `is_listening is false`."""
    for name, value in state.attributes.items():
        if isinstance(value, bool):
            yield f"{name} is {'true' if value else 'false'}"
        elif isinstance(value, list):
            yield f"{name} is {', '.join(map(shown, value))}"
        else:
            yield f"{name} is {shown(str(value))}"
