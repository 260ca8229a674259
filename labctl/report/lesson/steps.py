"""A step -> what is done in words, and what will happen, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from labctl.report.lesson.links import fault_sentence, healed, impaired, link_sentences, traffic
from labctl.report.lesson.records import order_sentence
from labctl.report.lesson.states import (
    ONE,
    SEVERAL,
    end_sentences,
    port_sentences,
    program_sentences,
    thing_sentences,
)
from labctl.report.wording import command, in_quotes, listed, place, script, together, typed
from labctl.runner.titles import subject
from labctl.scenario.model import (
    Check,
    End,
    Halt,
    Heal,
    Healthy,
    Impair,
    Input,
    Link,
    LinkState,
    Port,
    PortState,
    ProgramRef,
    ProgramState,
    Pytest,
    Run,
    Scenario,
    Send,
    Signal,
    Start,
    State,
    Step,
    Stop,
    Subject,
    ThingState,
    Wait,
)
from labctl.scenario.names import Placed, host_specs, hosts_by_name, program_name, programs_by_name, programs_of

_SIGNALS = {
    "STOP": "Freeze {} (SIGSTOP)",
    "CONT": "Let {} go on (SIGCONT)",
    "KILL": "Kill {} (SIGKILL)",
    "TERM": "Ask {} to end (SIGTERM)",
    "INT": "Interrupt {}, as Ctrl-C does (SIGINT)",
}


class Told(Struct, frozen=True):
    """A step in words. `deed` is what is done; `outcomes` is what will happen, or be seen, each a sentence.

    `script` is a text that a command was given, which is too long for a sentence.
    """

    deed: str
    outcomes: tuple[str, ...] = ()
    script: str = ""


class Cast(Struct, frozen=True):
    """Who takes part: the hosts and the programs that each name stands for."""

    hosts: Mapping[str, tuple[str, ...]]
    programs: Mapping[str, tuple[Placed, ...]]


def cast_of(scenario: Scenario, services: tuple[str, ...]) -> Cast:
    """Who takes part in a scenario. `services` are those of compose.yaml."""
    hosts = hosts_by_name(host_specs(scenario, services))
    return Cast(hosts, programs_by_name(scenario.steps, hosts))


def told(step: Step, cast: Cast) -> Told:
    """A step in words."""
    match step:
        case Start():
            return _start(step, cast)
        case Run():
            return _run(step, cast)
        case Send():
            return Told(f"Type {typed(step.input)} into {_windows(step.to, cast)}{_filled_in(step.input)}.")
        case Signal():
            sentence = _SIGNALS.get(step.signal, f"Send SIG{step.signal} to {{}}")
            return Told(f"{sentence.format(_programs(step.to, cast))}.")
        case Stop():
            count = len(cast.programs.get(step.program, ()))
            deed = f"Stop {_programs(step.program, cast)}: SIGTERM, then wait for the end."
            return Told(deed, tuple(_ends(step.expect, count, after_stop=True)))
        case Halt():
            return Told(f"Take {_hosts(step.host, cast)} down, as if the power were cut.")
        case Impair():
            return Told(impaired(step, lambda name: _hosts(name, cast)), tuple(map(fault_sentence, step.faults)))
        case Heal():
            return Told(healed(step, lambda name: _hosts(name, cast)))
        case Pytest():
            where = "every host" if step.on is None else _hosts(step.on, cast)
            return Told(f"On {where}, run the tests of {step.file} with pytest.", ("They pass",))
        case Wait():
            return _wait(step, cast)
        case Check():
            return _check(step, cast)


def _start(step: Start, cast: Cast) -> Told:
    programs = programs_of(step, cast.hosts)
    names = tuple(program.name for program in programs)
    called = ""
    if names != (program_name(None, step.command),):
        called = f", called {together(names)}"
    deed = f"On {_hosts(step.on, cast)}, start {command(step.command)}{called}{_environment(step.env)}."
    if step.ready is None:
        return Told(deed, script=script(step.command))
    who = "it" if len(programs) == 1 else "each of them"
    if isinstance(step.ready, Port):
        verb = "has bound" if step.ready.protocol == "udp" else "listens at"
        ready = [f"{verb} {place(step.ready)}"]
    elif isinstance(step.ready, Healthy):
        return Told(deed, ("Goes on as soon as its host's healthcheck passes",), script(step.command))
    else:
        ready = list(program_sentences(step.ready))
    return Told(deed, (f"Goes on as soon as {who} {listed(ready)}",), script(step.command))


def _run(step: Run, cast: Cast) -> Told:
    count = len(programs_of(step, cast.hosts))
    times = f", {count} times at once" if count > 1 else ""
    given = f" with {typed(step.stdin)} as input{_filled_in(step.stdin)}" if step.stdin.text else ""
    deed = f"On {_hosts(step.on, cast)}, run {command(step.command)}{times}{given}{_environment(step.env)}."
    return Told(deed, tuple(_ends(step.expect, count)), script(step.command))


def _wait(step: Wait, cast: Cast) -> Told:
    if isinstance(step.subject, ProgramRef) and step.expect is not None:
        count = len(cast.programs.get(step.subject.name, ()))
        deed = f"Wait until {_programs(step.subject.name, cast)} {'has' if count < 2 else 'have'} ended."
        return Told(deed, tuple(_ends(step.expect, count)))
    until = tuple(_state(step.until, step.subject))
    if isinstance(step.subject, ProgramRef):
        many = len(cast.programs.get(step.subject.name, ())) > 1
        who = f"{'each of ' if many else ''}{_programs(step.subject.name, cast)}"
        return Told(f"Wait until {who} {listed(until)}.")
    if isinstance(step.subject, Link):
        packets = traffic(step.subject, step.only, lambda name: _hosts(name, cast))
        if len(until) == 1:
            return Told(f"Wait until, of {packets}, {until[0]}.")
        return Told(f"Wait until this is so of {packets}:", tuple(map(_begun, until)))
    where = f"On {_hosts(step.on, cast)}, " if step.on is not None else ""
    if len(until) == 1 and isinstance(step.subject, Port):
        return Told(_begun(f"{where}wait until {until[0]}, at {place(step.subject)}."))
    asked = place(step.subject) if isinstance(step.subject, Port) else f"the {subject(step)}"
    return Told(_begun(f"{where}wait until this is so of {asked}:"), tuple(map(_begun, until)))


def _check(step: Check, cast: Cast) -> Told:
    seen = tuple(_state(step.expect, step.subject))
    if isinstance(step.subject, ProgramRef):
        who = _programs(step.subject.name, cast)
        each = "It" if len(cast.programs.get(step.subject.name, ())) < 2 else "Each"
        return Told(f"Look at {who}.", tuple(f"{each} {one}" for one in seen or ("runs",)))
    if isinstance(step.subject, Link):
        packets = traffic(step.subject, step.only, lambda name: _hosts(name, cast))
        outcomes = tuple(map(_begun, seen))
        if isinstance(step.expect, LinkState) and step.expect.order:
            order = order_sentence(step.expect.order, step.subject, lambda name: _one_of(name, cast))
            outcomes = (*outcomes, order)
        return Told(f"Look at {packets}.", outcomes)
    where = f"On {_hosts(step.on, cast)}, " if step.on is not None else ""
    if isinstance(step.subject, Port):
        return Told(_begun(f"{where}look at {place(step.subject)}."), tuple(map(_begun, seen)))
    return Told(_begun(f"{where}ask testinfra about {subject(step)}."), tuple(f"Its {one}" for one in seen))


def _state(state: State | None, it: Subject) -> Iterator[str]:
    match state:
        case ProgramState():
            yield from program_sentences(state)
        case PortState():
            yield from port_sentences(state, it.protocol if isinstance(it, Port) else "tcp")
        case LinkState():
            yield from link_sentences(state)
        case ThingState():
            yield from thing_sentences(state)


def _ends(ends: tuple[End, ...], count: int, *, after_stop: bool = False) -> Iterator[str]:
    """How `count` programs end: a sentence for each thing that is judged, or one for each group of them."""
    if len(ends) == 1 and ends[0].count is None:
        who = "It" if count < 2 else "Each"
        yield from (f"{who} {each}" for each in end_sentences(ends[0], ONE, after_stop=after_stop))
        return
    of = f"Of the {count} programs, "
    for end in ends:
        verbs = ONE if end.count == 1 else SEVERAL
        yield f"{of}{end.count} {'; '.join(end_sentences(end, verbs, after_stop=after_stop))}"
        of = "And "


def _hosts(name: str | None, cast: Cast) -> str:
    names = cast.hosts.get(name or "", (name or "",))
    return together(names) if len(names) < 2 else f"each of {together(names)}"


def _one_of(name: str, cast: Cast) -> str:
    """Who sends a packet, of those that one end of a link stands for."""
    names = cast.hosts.get(name, (name,))
    return "any host" if name == "any" else names[0] if len(names) == 1 else f"one of {together(names)}"


def _programs(name: str, cast: Cast) -> str:
    return together(tuple(program.name for program in cast.programs[name])) if name in cast.programs else name


def _windows(name: str, cast: Cast) -> str:
    many = len(cast.programs.get(name, ())) > 1
    return f"the window{'s' if many else ''} of {_programs(name, cast)}"


def _environment(env: Mapping[str, str]) -> str:
    pairs = [f"{name}={in_quotes(value)}" for name, value in env.items()]
    return f", with {listed(pairs)} in its environment" if pairs else ""


def _filled_in(given: Input) -> str:
    """What the placeholders of an input stand for."""
    meant = {"{host}": "its host's name", "{n}": "its number"}
    used = [f"{mark} is {what}" for mark, what in meant.items() if mark in given.text]
    return f" ({listed(used)})" if used else ""


def _begun(clause: str) -> str:
    """With a capital letter at its beginning."""
    return f"{clause[0].upper()}{clause[1:]}"
