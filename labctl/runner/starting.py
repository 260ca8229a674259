"""`start` and `run`: programs begin, on all their hosts at the same time."""

from __future__ import annotations

from labctl.check.ends import AFTER_RUN
from labctl.hosts.binary import kind_of
from labctl.hosts.conversation import LabBroke
from labctl.hosts.launch import CannotStart, NotStarted, launch, started
from labctl.hosts.look import Wanted, answer_to, ask_port, doing, port_words, wanted_of_port
from labctl.hosts.program import Program
from labctl.runner.ending import judge_ends
from labctl.runner.healthy import await_healthy
from labctl.runner.session import CannotTell, Session, StepFailed
from labctl.runner.states import await_programs
from labctl.runner.titles import port as port_title
from labctl.scenario.model import Healthy, Port, PortState, Run, Start
from labctl.scenario.names import program_name
from labctl.scenario.placeholders import fill_input, input_bytes
from labctl.scenario.problems import quoted


def perform_start(session: Session, step: Start) -> None:
    """Start it in a window; over when it executes, or with `ready` when it is ready."""
    programs = session.place(step)
    _begin(session, step, programs, window=True)
    session.remember(program_name(step.name, step.command), programs)
    if isinstance(step.ready, Port):
        _await_port(session, step.ready, programs, session.patience(step.timeout_s))
    elif isinstance(step.ready, Healthy):
        await_healthy(session, programs, session.patience(step.timeout_s))
    elif step.ready is not None:
        await_programs(session, programs, step.ready, session.patience(step.timeout_s), what="ready")


def perform_run(session: Session, step: Run) -> None:
    """Run it to its end, and judge how it ended."""
    programs = session.place(step)
    patience = session.patience(step.timeout_s)
    _begin(session, step, programs, window=False, seconds=patience)
    session.conversation.until(lambda: all(one.has_ended for one in programs), timeout_s=patience + 30.0)
    if silent := sorted({one.host for one in programs if not one.has_ended}):  # its agent would have ended it
        raise LabBroke(f"the agent on {', '.join(silent)} doesn't answer")
    late = [one for one in programs if one.limit == "time"]
    if late:
        raise StepFailed([_too_late(one, patience) for one in late], programs)
    judge_ends(session, step.expect, programs, AFTER_RUN)


def _begin(
    session: Session, step: Start | Run, programs: list[Program], *, window: bool, seconds: float | None = None
) -> None:
    tickets = [
        launch(
            session.conversation,
            program,
            environment=session.environment(step, program),
            window=window,
            stdin=_stdin(session, step, program),
            seconds=seconds,
            output_cap=session.plan.host(program.host).limits.output,
        )
        for program in programs
    ]
    complaints = []
    for program, ticket in zip(programs, tickets, strict=True):
        try:
            started(session.conversation, program, ticket)
        except CannotStart as error:
            raise CannotTell(str(error)) from error
        except NotStarted as error:
            complaints.append(_with_kind(session, program, str(error)))
    if complaints:
        raise StepFailed(complaints)


def _with_kind(session: Session, program: Program, complaint: str) -> str:
    """Of a program of somebody's own also what its file is."""
    here = session.given.here(program.command[0])
    kind = kind_of(here) if here is not None else ""
    return f"{complaint}; {quoted(program.origin)} is {kind}" if kind else complaint


def _stdin(session: Session, step: Start | Run, program: Program) -> bytes:
    if isinstance(step, Start):
        return b""
    given = fill_input(step.stdin, n=program.number, host=program.host, addresses=session.addresses_on(program.host))
    return input_bytes(given)


def _await_port(session: Session, port: Port, programs: list[Program], patience: float) -> None:
    """Until each program, or a child of it, listens there."""
    conversation = session.conversation
    words = port_words(port, session.plan)
    wanted: Wanted = wanted_of_port(PortState(listening=True))
    tickets = [
        ask_port(conversation, program.host, words, wanted, seconds=patience, owner=program) for program in programs
    ]
    complaints = []
    for program, ticket in zip(programs, tickets, strict=True):
        answer = answer_to(conversation, ticket, seconds=patience)
        if answer.ended:
            complaints.append(f"{program.name} ended before it was ready: {program.ending}")
        elif not answer.held:
            complaints.append(
                f"{program.name} was not ready within {patience:g} s: none of its sockets listens at "
                f"{port_title(port)}; {doing(conversation, program)}"
            )
    if complaints:
        raise StepFailed(complaints, programs)


def _too_late(program: Program, patience: float) -> str:
    calls = f"; it blocked in {', '.join(program.doing)}" if program.doing else ""
    return f"{program.name} did not end within {patience:g} s, and was killed{calls}"
