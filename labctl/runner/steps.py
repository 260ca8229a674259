"""A step of any verb -> done, or StepFailed, or CannotTell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labctl.runner.ending import perform_send, perform_signal, perform_stop
from labctl.runner.halting import perform_halt
from labctl.runner.linking import perform_heal, perform_impair
from labctl.runner.looking import perform_check, perform_wait
from labctl.runner.session import CannotTell, Session, StepFailed
from labctl.runner.starting import perform_run, perform_start
from labctl.scenario.model import Check, Halt, Heal, Impair, Pytest, Run, Send, Signal, Start, Step, Stop, Wait


def perform(session: Session, step: Step) -> None:
    """Make it happen, and return when it is over."""
    _PERFORMERS[type(step)](session, step)


def _perform_pytest(session: Session, step: Pytest) -> None:
    from labctl.check.backend import TookTooLong
    from labctl.check.overdue import Overdue
    from labctl.check.pytest_file import run_pytest
    from labctl.hosts.launch import NotStarted

    everybody = [host.name for host in session.plan.hosts if host.name not in session.halted]
    names = list(session.hosts[step.on]) if step.on is not None else everybody
    file = session.scenario.path.parent / step.file
    patience = session.patience(step.timeout_s)
    try:
        failures = run_pytest(file, session.conversation, names, everybody, seconds=patience)
    except Overdue as error:
        raise StepFailed([f"{step.file} did not end within {patience:g} s"]) from error
    except (NotStarted, TookTooLong) as error:
        raise CannotTell(str(error)) from error
    if failures:
        raise StepFailed(failures)


_PERFORMERS: dict[type, Callable[[Session, Any], None]] = {  # Any: each takes its own verb's step
    Start: perform_start,
    Run: perform_run,
    Send: perform_send,
    Signal: perform_signal,
    Stop: perform_stop,
    Wait: perform_wait,
    Check: perform_check,
    Pytest: _perform_pytest,
    Halt: perform_halt,
    Impair: perform_impair,
    Heal: perform_heal,
}
