"""A scenario -> which records its expectations need: they are made without being asked for."""

from __future__ import annotations

from labctl.scenario.model import Check, LinkState, Run, Scenario, Step, Stop, Wait


def needs_trace(scenario: Scenario) -> bool:
    """Whether system calls are expected of a program."""
    return any(_expects_calls(step) for step in scenario.steps)


def needs_capture(scenario: Scenario) -> bool:
    """Whether packets are expected on a link in an order."""
    return any(_expects_order(step) for step in scenario.steps)


def _expects_calls(step: Step) -> bool:
    return isinstance(step, Run | Wait | Stop) and any(end.syscalls for end in step.expect or ())


def _expects_order(step: Step) -> bool:
    return isinstance(step, Check) and isinstance(step.expect, LinkState) and bool(step.expect.order)
