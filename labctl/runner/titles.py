"""A step -> its title: one line that a person recognises it by."""

from __future__ import annotations

from labctl.scenario.model import (
    Check,
    Halt,
    Port,
    ProgramRef,
    ProgramState,
    Pytest,
    Run,
    Send,
    Signal,
    Start,
    Step,
    Stop,
    Thing,
    Wait,
)

_LONGEST = 72


def title(step: Step) -> str:
    """`cheerios: start server 51717`, `wait for server` and the like; at most 72 characters."""
    text = " ".join(_text(step).split())  # a command may have several lines
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _text(step: Step) -> str:
    if isinstance(step, Start | Run):
        verb = "start" if isinstance(step, Start) else "run"
        times = f" ({step.count} times)" if step.count is not None else ""
        return f"{step.on}: {verb} {' '.join(step.command)}{times}"
    if isinstance(step, Send):
        return f"send {step.input.text!r} to {step.to}"
    if isinstance(step, Signal):
        return f"signal {step.signal} to {step.to}"
    if isinstance(step, Stop):
        return f"stop {step.program}"
    if isinstance(step, Halt):
        return f"halt {step.host}"
    if isinstance(step, Pytest):
        return f"{step.on or 'every host'}: pytest {step.file.name}"
    where = f"{step.on}: " if step.on is not None else ""
    verb = "wait for" if isinstance(step, Wait) else "check"
    state = step.until if isinstance(step, Wait) else step.expect
    words = _state_words(state)
    return f"{where}{verb} {subject(step)}{' until ' + words if words and isinstance(step, Wait) else ''}"


def subject(step: Wait | Check) -> str:
    """What a step looks at, as it would be written."""
    it = step.subject
    if isinstance(it, ProgramRef):
        return it.name
    if isinstance(it, Port):
        return port(it)
    assert isinstance(it, Thing)
    argument = it.argument
    if isinstance(argument, dict):
        argument = ", ".join(f"{key}: {value}" for key, value in argument.items())
    return f"{it.module} {argument}"


def port(it: Port) -> str:
    """A port as it would be written."""
    if it.protocol == "unix":
        return f"unix {it.path}"
    address = f"{it.address}:" if it.address is not None else ""
    return f"{it.protocol} {address}{it.number}" if it.number is not None else it.protocol


def _state_words(state: object) -> str:
    if isinstance(state, ProgramState):
        if state.output is not None:
            return f"it prints {state.output.text or state.output.matches!r}"
        if state.blocked is not None:
            return f"it blocks in {state.blocked}"
    return ""
