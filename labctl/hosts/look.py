"""States of programs and ports -> questions to the agents, and their answers in words."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from labctl.hosts.conversation import Conversation, Ticket
from labctl.hosts.program import Program
from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.scenario.model import LinkState, Num, Port, PortState, ProgramState

Wanted = dict[str, Any]  # Any: JSON's own types, as labctl.agent.states reads them


class Answer(Struct, frozen=True):
    """What an agent saw. `missing` are the words of what wasn't so, `seen` every state by its word."""

    host: str
    held: bool
    ended: bool
    seen: dict[str, Any]
    missing: tuple[str, ...]


def wanted_of_port(state: PortState) -> Wanted:
    """A port's state as the agent reads it."""
    wanted: Wanted = {} if state.listening is None else {"listening": state.listening}
    for word in ("waiting", "unread", "unacked", "overflowed"):
        number = getattr(state, word)
        if number is not None:
            wanted[word] = _bounds(number)
    return wanted | {word: _bounds(number) for word, number in state.sockets.items()}


def wanted_of_program(state: ProgramState) -> Wanted:
    """A program's state as the agent reads it: all but what is on its screen, which labctl sees itself."""
    wanted: Wanted = {} if state.blocked is None else {"blocked": state.blocked}
    for word, number in (("children", state.children), ("zombies", state.zombies)):
        if number is not None:
            wanted[word] = _bounds(number)
    return wanted


def wanted_of_link(state: LinkState) -> Wanted:
    """What must have been counted on a link, but for which packets were lost: only how many."""
    named = ((word, getattr(state, word)) for word in ("sent", "arrived", "dropped", "retransmitted", "resets"))
    return {word: _bounds(number) for word, number in named if isinstance(number, Num)}


def _bounds(number: Num) -> list[int | None]:
    return [number.min, number.max]


def port_words(port: Port, plan: Plan) -> dict[str, Any]:
    """A port as the agent reads it: names become the addresses that the lab gives them."""
    return {
        "protocol": port.protocol,
        "number": port.number,
        "path": port.path,
        "addresses": None if port.address is None else _addresses(port.address, plan),
    }


def _addresses(name: str, plan: Plan) -> list[str]:
    if name == "localhost":
        return ["127.0.0.1", "::1"]
    named: list[HostPlan | AbsentHost] = [*plan.hosts, *plan.absent]
    for host in named:
        if host.name == name:
            return list(host.addresses)
    return [name]


def ask_port(
    conversation: Conversation,
    host: str,
    port: dict[str, Any],
    wanted: Wanted,
    *,
    seconds: float,
    owner: Program | None,
) -> Ticket:
    """Ask for a port's state to be so, within `seconds` (0: now). With an owner, only its own sockets count."""
    words: dict[str, Any] = {"port": port, "wanted": wanted, "seconds": seconds}
    if owner is not None:
        words["program"] = owner.key
    return conversation.ask(host, "await", **words)


def ask_program(conversation: Conversation, program: Program, wanted: Wanted, *, seconds: float) -> Ticket:
    """Ask for a program's state to be so, within `seconds` (0: now)."""
    return conversation.ask(program.host, "await", program=program.key, wanted=wanted, seconds=seconds)


def answer_to(conversation: Conversation, ticket: Ticket, *, seconds: float) -> Answer:
    """The agent's answer, which comes at its deadline at the latest."""
    reply = conversation.answer(ticket, timeout_s=seconds + 30.0)
    return Answer(
        ticket.host,
        reply.get("held", False),
        reply.get("ended", False),
        reply.get("seen", {}),
        tuple(reply.get("missing", ())),
    )


def lacking(answer: Answer, wanted: Wanted) -> list[str]:
    """What was not so, a text each: `waiting: expected 6, came 5`."""
    texts = []
    for word in answer.missing:
        seen = answer.seen.get(word)
        came = ", ".join(seen) or "nothing" if isinstance(seen, list) else _spelled(seen)
        texts.append(f"{word}: expected {_spelled(wanted[word])}, came {came}")
    return texts


def doing(conversation: Conversation, program: Program) -> str:
    """What a program does just now, in words, for a failure: `it blocks in accept4, stdout …`."""
    if program.has_ended:
        return f"it has ended: {program.ending}"
    ticket = conversation.ask(program.host, "glance", program=program.key)
    seen = conversation.answer(ticket).get("seen", {})
    if seen.get("stopped"):
        return "it is stopped"
    calls = seen.get("blocked") or []
    return f"it blocks in {', '.join(calls)}" if calls else "it runs"


def _spelled(value: Any) -> str:
    if isinstance(value, list):
        low, high = value
        if low == high:
            return str(low)
        bounds = [f"at least {low}" if low is not None else "", f"at most {high}" if high is not None else ""]
        return " and ".join(bound for bound in bounds if bound)
    return str(value).lower() if isinstance(value, bool) else str(value)
