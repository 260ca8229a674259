"""Programs to start -> programs that run, on all their hosts at the same time."""

from __future__ import annotations

import difflib

from labctl.agent.frames import MAX_BODY
from labctl.hosts.conversation import Conversation, Ticket
from labctl.hosts.program import Program
from labctl.plan.model import Limits

OUTPUT_CAP = Limits().output
"""Bytes of each stream that are kept where the plan says nothing else."""

_PIECE = MAX_BODY // 4


class NotStarted(Exception):
    """A program could not be started, in words for people."""


class CannotStart(NotStarted):
    """It is there and can be executed: the host has no process, memory or descriptor left for it."""


def launch(
    conversation: Conversation,
    program: Program,
    *,
    environment: dict[str, str],
    window: bool,
    stdin: bytes = b"",
    seconds: float | None = None,
    aside: bool = False,
    output_cap: int = OUTPUT_CAP,
) -> Ticket:
    """Ask for a program to be started. `seconds`: it and all its children are killed so long after it executes.

    `output_cap`: bytes of each stream that are kept; what comes after is thrown away, and said to be.
    `aside`: it is labctl's own, to look at something, and no part of what is recorded.
    """
    conversation.programs[program.host, program.key] = program
    pieces = [stdin[at : at + _PIECE] for at in range(0, len(stdin), _PIECE)] or [b""]
    ticket = conversation.ask(
        program.host,
        "start",
        pieces[0],
        more=len(pieces) > 1,
        program=program.key,
        words=list(program.command),
        environment=environment,
        window=window,
        output_cap=output_cap,
        seconds=seconds,
        aside=aside,
    )
    for number, piece in enumerate(pieces[1:], 2):
        conversation.ask(program.host, "feed", piece, program=program.key, end=number == len(pieces))
    return ticket


def started(conversation: Conversation, program: Program, ticket: Ticket) -> None:
    """Wait until it executes. NotStarted says why it can't."""
    reply = conversation.answer(ticket)
    if "error" not in reply:
        program.pid, program.started_ns = reply["pid"], reply["started"]
        return
    del conversation.programs[program.host, program.key]
    kind = NotStarted if reply["error"] in ("not-found", "not-executable") else CannotStart
    raise kind(_why(program, reply["error"], reply.get("detail", ""), reply.get("known", [])))


def _why(program: Program, error: str, detail: str, known: list[str]) -> str:
    word = program.command[0]
    if error == "not-found":
        near = difflib.get_close_matches(word, known, 3, 0.6)
        return f"program not found on {program.host}: {word}" + (f"; near it: {', '.join(near)}" if near else "")
    if error == "not-executable":
        reason = f" ({detail})" if detail and detail != word else ""
        return f"program can't be executed on {program.host}: {word}{reason}"
    return f"program could not be started on {program.host}: {word}: {detail}"
