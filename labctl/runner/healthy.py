"""`ready: healthy`: the healthchecks of programs' hosts are run there until they pass.

As Compose's own they are unprivileged programs of the host, and have the time that compose.yaml gives them. Unlike
those they begin at once, and come at short and growing intervals, never further apart than what stands there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import UnsetType

from labctl.hosts.conversation import Conversation
from labctl.hosts.launch import CannotStart, NotStarted, launch, started
from labctl.hosts.look import doing
from labctl.hosts.program import Program
from labctl.plan.model import Health
from labctl.runner.session import CannotTell, Session, StepFailed

_FIRST_GAP_S, _LONGEST_GAP_S = 0.05, 1.0
_SHORTEST_TRY_S = 0.1
_SHOWN = 400


def await_healthy(session: Session, programs: Sequence[Program], patience: float) -> None:
    """Until the host of each program is healthy. StepFailed when one ends before, or it takes too long."""
    for host in dict.fromkeys(program.host for program in programs):
        health = session.plan.host(host).health
        if isinstance(health, UnsetType):  # a lab that stands may be of an older compose.yaml
            raise CannotTell(f"{host} has no healthcheck in the lab that stands")
        _await(session, host, health, [one for one in programs if one.host == host], patience)


def _await(session: Session, host: str, health: Health, programs: Sequence[Program], patience: float) -> None:
    conversation = session.conversation
    allowed = session.patience(health.start_period_s + health.retries * health.interval_s)
    within = min(patience, allowed)
    until_s = time.monotonic() + within
    gap, said = _FIRST_GAP_S, ""

    def has_ended() -> bool:
        return any(program.has_ended for program in programs)

    while not has_ended():
        whole = session.patience(health.timeout_s)
        seconds = min(whole, max(until_s - time.monotonic(), 0.1))
        came = _tried(conversation, host, health, seconds)
        if not came:
            return
        left_s = until_s - time.monotonic()
        if not said or seconds == whole or left_s > 0:  # a last try that had less than its time says nothing
            said = came
        if left_s <= 0:
            break
        conversation.until(has_ended, timeout_s=min(gap, left_s))
        gap = min(2 * gap, _LONGEST_GAP_S, health.interval_s)
    ended = [f"{one.name} ended before it was healthy: {one.ending}" for one in programs if one.has_ended]
    whose = "" if within == patience else f" ({_whose(health)})"
    raise StepFailed(
        ended
        or [
            f"{one.name} was not healthy within {within:g} s{whose}: {said}; {doing(conversation, one)}"
            for one in programs
        ],
        programs,
    )


def _whose(health: Health) -> str:
    start = f"start_period {health.start_period_s:g} s and " if health.start_period_s else ""
    return f"the healthcheck's {start}{health.retries} retries {health.interval_s:g} s apart"


def _tried(conversation: Conversation, host: str, health: Health, seconds: float) -> str:
    """Run the check once. Empty if it passes; else how it ended, and what it said."""
    check = Program(
        name="healthcheck",
        host=host,
        number=1,
        command=health.command,
        key=f"healthcheck#{next(conversation.asides)}",
    )
    ticket = launch(conversation, check, environment={}, window=False, seconds=seconds, aside=True)
    try:
        started(conversation, check, ticket)
    except CannotStart as error:
        raise CannotTell(str(error)) from error
    except NotStarted as error:
        return f"its healthcheck: {error}"
    conversation.until(lambda: check.has_ended, timeout_s=seconds + 10.0)
    del conversation.programs[check.host, check.key]
    if not check.has_ended:
        raise CannotTell(f"the healthcheck on {host} did not end within {seconds:g} s")
    if check.status == 0 and not check.limit:
        return ""
    ending = f"did not end within {seconds:.3g} s" if check.limit == "time" else f"ended with {check.ending}"
    output = (
        bytes(check.printed["stdout"] + check.printed["stderr"]).strip()[-_SHOWN:].decode("utf-8", "backslashreplace")
    )
    return f"its healthcheck {ending}" + (f" and said {output!r}" if output else " and said nothing")
