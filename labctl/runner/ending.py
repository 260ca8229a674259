"""Ends of programs: waiting for them, asking for them, judging them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from labctl.check.ends import AFTER_RUN, AFTER_STOP, Ended, judge_all
from labctl.check.lenient import of_behaviour, remark
from labctl.hosts.binary import library_trouble
from labctl.hosts.look import doing
from labctl.hosts.program import Program
from labctl.runner.session import Session, StepFailed
from labctl.runner.whole import demand_whole
from labctl.scenario.model import End, ProgramRef, Send, Signal, Stop, Wait
from labctl.scenario.placeholders import fill_end, fill_input, input_bytes

if TYPE_CHECKING:
    from labctl.runner.recorded import Record

_KILLED_WITHIN_S = 10.0


def judge_ends(
    session: Session, ends: Sequence[End], programs: Sequence[Program], default_exits: Sequence[int | str]
) -> None:
    """StepFailed unless every program ended as it must."""

    def own(end: End, index: int) -> End:
        program = programs[index]
        filled = fill_end(end, n=program.number, host=program.host, addresses=session.addresses_on(program.host))
        return of_behaviour(filled, endeds[index]) if program.is_lenient else filled

    endeds = [program.as_ended() for program in programs]

    judge = partial(
        judge_all,
        ends,
        default_exits=default_exits,
        strict=True,
        time_scale=session.slack,
        own=own,
    )
    complaints = judge(endeds)
    if complaints:
        raise StepFailed([*complaints, *_troubles(programs)], programs)
    session.notes += _remarks(ends, programs)
    demand_whole(programs, (match for end in ends for match in (end.stdout, end.stderr)))
    if any(end.syscalls for end in ends):
        session.postponed.append(partial(_judge_calls, judge, programs))


def _troubles(programs: Sequence[Program]) -> Iterator[str]:
    """Why programs of somebody's own can't run on their hosts."""
    for program in programs:
        trouble = library_trouble(bytes(program.printed["stderr"])) if program.origin else None
        if trouble is not None:
            yield f"{program.name}: {trouble}"


def _remarks(ends: Sequence[End], programs: Sequence[Program]) -> Iterator[str]:
    """What is to be said of programs that behaved well, by the ends that they can have had."""
    for program in programs:
        if program.is_lenient:
            remarks = [remark(end, program.as_ended(), program.shown[0]) for end in ends]
            yield from (words for words in remarks[:1] if words is not None and None not in remarks)


def _judge_calls(
    judge: Callable[[Sequence[Ended]], list[str]], programs: Sequence[Program], record: Record
) -> list[str]:
    return judge([replace(program.as_ended(), calls=record.calls(program)) for program in programs])


def perform_wait_for_end(session: Session, step: Wait) -> None:
    """Wait until the programs have ended, and judge how."""
    assert isinstance(step.subject, ProgramRef)
    programs = session.named(step.subject.name)
    _await_ends(session, programs, session.patience(step.timeout_s))
    judge_ends(session, step.expect or (End(),), programs, AFTER_RUN)


def perform_stop(session: Session, step: Stop) -> None:
    """TERM (and CONT, should it be stopped), then its end; at the timeout KILL, and the step fails."""
    programs = session.named(step.program)
    running = [program for program in programs if not program.has_ended]
    for program in running:
        for number in (signal.SIGTERM, signal.SIGCONT):
            session.conversation.ask(program.host, "signal", program=program.key, signal=int(number), seconds=0)
    try:
        _await_ends(session, programs, session.patience(step.timeout_s))
    except StepFailed:
        for program in running:
            session.conversation.ask(program.host, "kill", program=program.key)
        session.conversation.until(lambda: all(program.has_ended for program in programs), timeout_s=_KILLED_WITHIN_S)
        raise
    judge_ends(session, step.expect, programs, AFTER_STOP)


def _await_ends(session: Session, programs: Sequence[Program], patience: float) -> None:
    ended = session.conversation.until(lambda: all(program.has_ended for program in programs), timeout_s=patience)
    if not ended:
        late = [program for program in programs if not program.has_ended]
        raise StepFailed(
            [
                f"{program.name} did not end within {patience:g} s; {doing(session.conversation, program)}"
                for program in late
            ],
            programs,
        )


def perform_send(session: Session, step: Send) -> None:
    """Type it; over when the terminal has taken it."""
    tickets = []
    programs = session.named(step.to)
    for program in programs:
        given = fill_input(
            step.input, n=program.number, host=program.host, addresses=session.addresses_on(program.host)
        )
        data = typed(input_bytes(given), verbatim=given.verbatim)
        tickets.append(session.conversation.ask(program.host, "feed", data, program=program.key))
    complaints = []
    for program, ticket in zip(programs, tickets, strict=True):
        session.conversation.until(lambda one=ticket: one.reply is not None, timeout_s=10.0)  # type: ignore[misc]  # mypy can't type a lambda's default
        if ticket.reply is None:
            complaints.append(f"{program.name} takes no more input; {doing(session.conversation, program)}")
        elif ticket.reply.get("error") == "ended":
            complaints.append(f"{program.name} has ended before it was typed: {program.ending}")
    if complaints:
        raise StepFailed(complaints, programs)


def typed(data: bytes, *, verbatim: bool) -> bytes:
    """What goes into a terminal: typed text gets its Enter if it doesn't end with a newline."""
    return data if verbatim or data.endswith(b"\n") else data + b"\n"


def perform_signal(session: Session, step: Signal) -> None:
    """Send it; over when it has taken effect."""
    number = signal.Signals[f"SIG{step.signal}"]
    programs = session.named(step.to)
    tickets = [
        session.conversation.ask(program.host, "signal", program=program.key, signal=int(number), seconds=10.0)
        for program in programs
    ]
    complaints = []
    for program, ticket in zip(programs, tickets, strict=True):
        reply = session.conversation.answer(ticket)
        if reply.get("error") == "ended":
            complaints.append(f"{program.name} has ended before the signal: {program.ending}")
        elif not reply.get("ok"):
            complaints.append(f"{step.signal} took no effect on {program.name} within 10 s")
    if complaints:
        raise StepFailed(complaints, programs)
