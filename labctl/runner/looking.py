"""`wait` and `check`: a step -> what looks at its subject."""

from __future__ import annotations

import time
from collections.abc import Callable

from labctl.runner.ending import perform_wait_for_end
from labctl.runner.linking import await_link, check_link
from labctl.runner.session import CannotTell, Session, StepFailed
from labctl.runner.states import await_port, await_programs, check_programs
from labctl.scenario.model import (
    Check,
    Link,
    LinkState,
    Port,
    PortState,
    ProgramRef,
    ProgramState,
    Thing,
    ThingState,
    Wait,
)

_LOOK_AGAIN_S = 0.05


def perform_wait(session: Session, step: Wait) -> None:
    """Until the state is there; or, for a program without `until`, its end."""
    patience = session.patience(step.timeout_s)
    if step.until is None:
        perform_wait_for_end(session, step)
    elif isinstance(step.subject, ProgramRef):
        assert isinstance(step.until, ProgramState)
        await_programs(session, session.named(step.subject.name), step.until, patience)
    elif isinstance(step.subject, Port):
        assert isinstance(step.until, PortState)
        await_port(session, _hosts(session, step), step.subject, step.until, patience)
    elif isinstance(step.subject, Link):
        assert isinstance(step.until, LinkState)
        await_link(session, step, step.subject, step.until, patience)
    else:
        assert isinstance(step.until, ThingState)
        _await_thing(session, step, step.subject, step.until, patience)


def perform_check(session: Session, step: Check) -> None:
    """Now."""
    if isinstance(step.subject, ProgramRef):
        assert step.expect is None or isinstance(step.expect, ProgramState)
        check_programs(session, session.named(step.subject.name), step.expect)
    elif isinstance(step.subject, Port):
        assert isinstance(step.expect, PortState)
        await_port(session, _hosts(session, step), step.subject, step.expect, 0.0)
    elif isinstance(step.subject, Link):
        assert isinstance(step.expect, LinkState)
        check_link(session, step, step.subject, step.expect)
    else:
        assert isinstance(step.expect, ThingState)
        complaints = _thing_complaints(session, step, step.subject, step.expect)()
        if complaints:
            raise StepFailed(complaints)


def _hosts(session: Session, step: Wait | Check) -> tuple[str, ...]:
    assert step.on is not None
    return session.hosts[step.on]


def _await_thing(session: Session, step: Wait, thing: Thing, state: ThingState, patience: float) -> None:
    look = _thing_complaints(session, step, thing, state)
    deadline = time.monotonic() + patience
    while complaints := look():
        left = deadline - time.monotonic()
        if left <= 0:
            raise StepFailed([f"{complaint}, within {patience:g} s" for complaint in complaints])
        session.conversation.pump(min(left, _LOOK_AGAIN_S))


def _thing_complaints(session: Session, step: Wait | Check, thing: Thing, state: ThingState) -> Callable[[], list[str]]:
    """What looks at a thing on each of the step's hosts. CannotTell where testinfra can't look."""
    from labctl.check.backend import TookTooLong, host_of
    from labctl.check.things import CannotLook, complaints_about
    from labctl.hosts.launch import NotStarted

    hosts = {name: host_of(session.conversation, name) for name in _hosts(session, step)}

    def look() -> list[str]:
        try:
            return [
                f"{name}: {complaint}" if len(hosts) > 1 else complaint
                for name, host in hosts.items()
                for complaint in complaints_about(host, _own_thing(session, thing, name), _own(session, state, name))
            ]
        except (CannotLook, NotStarted, TookTooLong) as error:
            raise CannotTell(str(error)) from error

    return look


def _own_thing(session: Session, thing: Thing, host: str) -> Thing:
    """The thing with the placeholders of its argument filled in."""
    if isinstance(thing.argument, str):
        return Thing(thing.module, session.fill(thing.argument, 1, host))
    return Thing(thing.module, {key: session.fill(text, 1, host) for key, text in thing.argument.items()})


def _own(session: Session, state: ThingState, host: str) -> dict[str, str | int | bool | list[str]]:
    """What is expected on one host: the placeholders of texts filled in."""

    def filled(value: str | int | bool | list[str]) -> str | int | bool | list[str]:
        if isinstance(value, list):
            return [session.fill(text, 1, host) for text in value]
        return session.fill(value, 1, host) if isinstance(value, str) else value

    return {name: filled(value) for name, value in state.attributes.items()}
