"""States of programs and ports: waited for, or looked at now."""

from __future__ import annotations

import time
from collections.abc import Sequence

from labctl.check.match import complaints as text_complaints
from labctl.hosts.look import (
    Answer,
    answer_to,
    ask_port,
    ask_program,
    doing,
    lacking,
    port_words,
    wanted_of_port,
    wanted_of_program,
)
from labctl.hosts.program import Program
from labctl.runner.session import Session, StepFailed
from labctl.runner.titles import port as port_title
from labctl.runner.whole import demand_whole
from labctl.scenario.model import Output, Port, PortState, ProgramState
from labctl.scenario.placeholders import fill_match

_SHOWN = 200


def await_programs(
    session: Session, programs: Sequence[Program], state: ProgramState, patience: float, *, what: str = "so"
) -> None:
    """Until each program is so. StepFailed when one has ended or isn't so in time, with what was last seen."""
    deadline = time.monotonic() + patience
    if state.output is not None:
        _await_output(session, programs, state.output, patience, what)
    wanted = wanted_of_program(state)
    if not wanted:
        return
    left = max(0.0, deadline - time.monotonic())
    answers = _ask_programs(session, programs, wanted, left)
    complaints = []
    for program, answer in zip(programs, answers, strict=True):
        if answer.ended:
            complaints.append(f"{program.name} ended before it was {what}: {program.ending}")
        elif not answer.held:
            seen = "; ".join(lacking(answer, wanted))
            complaints.append(f"{program.name} was not {what} within {patience:g} s: {seen}")
    if complaints:
        raise StepFailed(complaints, programs)


def check_programs(session: Session, programs: Sequence[Program], state: ProgramState | None) -> None:
    """Now: each program runs, and is so."""
    wanted = wanted_of_program(state) if state is not None else {}
    answers = _ask_programs(session, programs, wanted, 0.0)
    complaints = []
    for program, answer in zip(programs, answers, strict=True):
        if answer.ended and (state is None or wanted):
            complaints.append(f"{program.name} does not run: it has ended, {program.ending}")
            continue
        complaints += [f"{program.name}: {text}" for text in lacking(answer, wanted)]
        complaints += _printed_otherwise(session, program, state)
    if complaints:
        raise StepFailed(complaints, programs)
    if state is not None:
        demand_whole(programs, (state.stdout, state.stderr))


def _printed_otherwise(session: Session, program: Program, state: ProgramState | None) -> list[str]:
    if state is None:
        return []
    found = []
    for stream, match in (("stdout", state.stdout), ("stderr", state.stderr)):
        if match is not None:
            own = fill_match(match, n=program.number, host=program.host, addresses=session.addresses_on(program.host))
            texts = text_complaints(own, bytes(program.printed[stream]), strict=not program.is_lenient)
            found += [f"{program.name}: {stream}: {text}" for text in texts]
    return found


def _ask_programs(
    session: Session, programs: Sequence[Program], wanted: dict[str, object], seconds: float
) -> list[Answer]:
    tickets = [ask_program(session.conversation, program, wanted, seconds=seconds) for program in programs]
    return [answer_to(session.conversation, ticket, seconds=seconds) for ticket in tickets]


def _await_output(session: Session, programs: Sequence[Program], output: Output, patience: float, what: str) -> None:
    waiting = list(programs)

    def all_printed() -> bool:
        waiting[:] = [program for program in waiting if not program.take_output(_own(session, program, output))]
        return not waiting or any(program.has_ended for program in waiting)

    session.conversation.until(all_printed, timeout_s=patience)
    if waiting:
        raise StepFailed([_not_printed(session, program, output, patience, what) for program in waiting], programs)


def _own(session: Session, program: Program, output: Output) -> Output:
    if output.text is None:
        return output
    return Output(text=session.fill(output.text, program.number, program.host))


def _not_printed(session: Session, program: Program, output: Output, patience: float, what: str) -> str:
    wanted = repr(output.text if output.text is not None else output.matches)
    if program.has_ended:
        return f"{program.name} ended before it was {what}: {program.ending}, and never printed {wanted}"
    rest = program.unmatched_output()[-_SHOWN:].decode("utf-8", "backslashreplace")
    came = f"came {rest!r}" if rest.strip("\n") else "nothing new came"
    return (
        f"{program.name} was not {what} within {patience:g} s: output: expected {wanted}, {came}; "
        f"{doing(session.conversation, program)}"
    )


def await_port(session: Session, hosts: Sequence[str], port: Port, state: PortState, patience: float) -> None:
    """Until the port is so on each host (`patience` 0: now)."""
    words = port_words(port, session.plan)
    wanted = wanted_of_port(state)
    tickets = [ask_port(session.conversation, host, words, wanted, seconds=patience, owner=None) for host in hosts]
    complaints = []
    for ticket in tickets:
        answer = answer_to(session.conversation, ticket, seconds=patience)
        within = f" within {patience:g} s" if patience else ""
        if not answer.held:
            complaints += [f"{answer.host}: {port_title(port)}: {text}{within}" for text in lacking(answer, wanted)]
    if complaints:
        raise StepFailed(complaints, [one for each in session.started.values() for one in each])
