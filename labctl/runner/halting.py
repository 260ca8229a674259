"""`halt`: hosts go down, and the run goes on without them."""

from __future__ import annotations

from labctl.engine.contract import EngineError
from labctl.hosts.conversation import LabBroke
from labctl.runner.session import Session
from labctl.scenario.model import Halt


def perform_halt(session: Session, step: Halt) -> None:
    """Take the hosts down, one after the other; over when nothing of them is left."""
    for host in session.hosts[step.host]:
        session.forget(host)
        session.links.forget(host)
        session.conversation.forget(host)
        session.halted.add(host)
        try:
            session.halt(host)
        except EngineError as error:
            raise LabBroke(str(error), hint=error.hint) from error
