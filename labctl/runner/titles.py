"""A step -> its title: one line that a person recognises it by."""

from __future__ import annotations

from labctl.scenario.model import (
    Check,
    Fault,
    Halt,
    Heal,
    Impair,
    Link,
    Only,
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
    Wait,
    Which,
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
    if isinstance(step, Impair):
        of = f" of {only(step.only)}" if step.only is not None else ""
        return f"link {link(step.link)}: {', '.join(map(fault, step.faults))}{of}"
    if isinstance(step, Heal):
        return f"heal {link(step.link) if step.link is not None else 'all'}"
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
    if isinstance(it, Link):
        return f"{link(it)}, {only(step.only)}" if step.only is not None else link(it)
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


def link(it: Link) -> str:
    """A link as it would be written."""
    return f"{it.sender} {'<->' if it.both else '->'} {it.receiver}"


def only(it: Only) -> str:
    """Packets of a kind as they would be written."""
    return it.protocol if it.port is None else f"{it.protocol} {it.port}"


def fault(it: Fault) -> str:
    """What a link does, nearly as it would be written: `drop [2, 4]`, `delay 40ms`, `cut silent`."""
    if it.which is not None:
        return f"{it.name} {which(it.which)}"
    if it.name == "rate":
        return f"rate {rate(it.rate)}"
    return f"cut {it.answer}" if it.name == "cut" else f"delay {time(it.delay_s)}"


def which(it: Which) -> str:
    """Which packets, as it would be written."""
    if it.ordinals:
        return f"[{', '.join(map(str, it.ordinals))}]"
    if it.share:
        return f"{it.share * 100:.8g}%"
    if it.contains:
        return f"{{contains: {it.contains!r}}}"
    if it.fragments:
        return "fragments"
    return f"{{first: {it.first}}}" if it.first else f"{{every: {it.every}}}"


def rate(bits_per_s: float) -> str:
    """A rate as it would be written, in the largest unit that keeps it whole: `1mbit`, `1500kbit`."""
    for unit, bits in (("gbit", 1e9), ("mbit", 1e6), ("kbit", 1e3)):
        if bits_per_s >= bits and bits_per_s % bits == 0:
            return f"{bits_per_s / bits:.9g}{unit}"
    return f"{bits_per_s:.9g}bit"


def time(seconds: float) -> str:
    """A length of time as it would be written: `40ms`, `2s`."""
    return f"{seconds * 1000:.9g}ms" if seconds < 1 else f"{seconds:.9g}s"


def _state_words(state: object) -> str:
    if isinstance(state, ProgramState):
        if state.output is not None:
            return f"it prints {state.output.text or state.output.matches!r}"
        if state.blocked is not None:
            return f"it blocks in {state.blocked}"
    return ""
