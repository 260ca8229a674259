"""What is judged from a run's record, system calls and packets in their order -> plain sentences, and notes on them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from labctl.report.wording import how_long, shown, some
from labctl.scenario.model import Link, Num, Passing, Run, Step, Stop, Syscall, Wait

Note = tuple[str, str, str]
"""A manual page, what it is about, and what is to be said."""

_TOLD = "the sender's kernel is told, and a later call on its socket returns the error"
_PACKETS: dict[str, tuple[str, str]] = {
    "SYN": ("tcp(7)", "asks for a connection"),
    "SYN-ACK": ("tcp(7)", "is the answer to a SYN where somebody listens"),
    "ACK": ("tcp(7)", "says how much has come, and carries nothing"),
    "DATA": ("tcp(7)", "carries bytes; how many writes they were is not to be seen"),
    "FIN": ("tcp(7)", "comes behind the last byte of one side, which has closed or shut down"),
    "RST": ("tcp(7)", "ends a connection at once, or refuses one"),
    "DATAGRAM": ("udp(7)", "is a message by itself: nothing has to come before or after it"),
    "ECHO": ("icmp(7)", "is what ping sends"),
    "ECHO-REPLY": ("icmp(7)", "is a kernel's answer to ping"),
    "PORT-UNREACHABLE": ("icmp(7)", _TOLD),
    "HOST-UNREACHABLE": ("icmp(7)", _TOLD),
    "NET-UNREACHABLE": ("icmp(7)", _TOLD),
    "ADMIN-PROHIBITED": ("icmp(7)", _TOLD),
    "TIME-EXCEEDED": ("icmp(7)", "says that a packet was too long on its way, or a piece of it missing"),
}
_PAGES = {
    **dict.fromkeys(("recv", "recvfrom", "recvmsg"), "recv(2)"),
    **dict.fromkeys(("send", "sendto", "sendmsg"), "send(2)"),
    "accept4": "accept(2)",
    "rt_sigaction": "sigaction(2)",
}
"""Pages that have another name than the call."""


def call_sentences(calls: Sequence[Syscall], verb: str) -> Iterator[str]:
    """What a program calls, without the subject: `calls socket, then bind (fails with EADDRINUSE)`."""
    if ordered := [_call(each) for each in calls if each.count is None]:
        yield f"{verb} {', then '.join(ordered)}"
    for each in calls:
        if each.count == Num(0, 0):
            yield f"never {verb} {_call(each)}"
        elif each.count is not None:
            yield f"{verb} {_call(each)} {'once' if each.count == Num(1, 1) else some(each.count, 'time')}"


def _call(wanted: Syscall) -> str:
    said = []
    if wanted.args is not None:
        said.append(f"with {shown(wanted.args)}")
    if wanted.error is not None:
        said.append(f"fails with {wanted.error}")
    if wanted.returns is not None:
        said.append(f"returns {_value(wanted.returns)}")
    if wanted.took is not None:
        said.append(f"takes {how_long(wanted.took)}")
    return f"{wanted.call} ({'; '.join(said)})" if said else wanted.call


def _value(number: Num) -> str:
    if number.min == number.max:
        return str(number.min)
    if number.max is None:
        return f"at least {number.min}"
    return f"at most {number.max}" if number.min is None else f"{number.min} to {number.max}"


def order_sentence(order: Sequence[Passing], link: Link, one_of: Callable[[str], str]) -> str:
    """Which packets pass: `Of these, each passes after the one before: SYN from client, SYN-ACK from cheerios`."""
    ends = {True: one_of(link.sender), False: one_of(link.receiver)}
    packets = [f"{passing.word} from {ends[passing.forward]}" for passing in order]
    if len(packets) == 1:
        return f"There passes {packets[0]}"
    return f"These pass in this order, perhaps with others between them: {', '.join(packets)}"


def error_notes(steps: Iterable[Step]) -> Iterator[Note]:
    """What the errors mean with which calls must fail."""
    for each in _expected(steps):
        if each.error is not None:
            yield "errno(3)", each.error, os.strerror(getattr(errno, each.error))


def call_notes(steps: Iterable[Step]) -> Iterator[Note]:
    """The pages of the calls that are looked for: all that can be said of those of an unknown program."""
    for each in _expected(steps):
        yield _PAGES.get(each.call, f"{each.call}(2)"), "syscalls", "is looked for in the record of the program"


def _expected(steps: Iterable[Step]) -> Iterator[Syscall]:
    ends = (end for step in steps if isinstance(step, Run | Wait | Stop) for end in step.expect or ())
    return (each for end in ends for each in end.syscalls)


def order_notes(order: Sequence[Passing]) -> Iterator[Note]:
    """What each packet is there for."""
    for passing in order:
        page, says = _PACKETS[passing.word]
        yield page, passing.word, says
