"""A step's map -> the step, by its verb: one table of keys and one reader for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from labctl.scenario import model
from labctl.scenario.kinds.basic import COUNT, HOST, NAME, TAKEN, TEXT, is_word
from labctl.scenario.kinds.commands import COMMAND, ENV
from labctl.scenario.kinds.maps import table
from labctl.scenario.kinds.measures import TIMEOUT
from labctl.scenario.kinds.signals import SIGNALS, signal_hint
from labctl.scenario.kinds.texts import INPUT
from labctl.scenario.links.fault_keys import HEAL, LINK_KEYS
from labctl.scenario.links.faults import heal, impair
from labctl.scenario.links.packets import ONLY
from labctl.scenario.model import End, Healthy, Input, Port, ProgramState
from labctl.scenario.names import program_name
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page, Values
from labctl.scenario.states.kinds import ENDS, PROGRAM_UNTIL
from labctl.scenario.states.subjects import PROGRAM, READY_PORT, SUBJECT
from labctl.scenario.states.waits import CHECK_EXPECT, UNTIL, WAIT_EXPECT, check_expects, known_subject, wait_ends
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node

DEFAULT_TIMEOUT_S = 10.0
LONGEST_TYPED_LINE = 4095  # a terminal's line discipline drops the rest (termios(3), canonical mode)


class Verb(Struct, frozen=True):
    """A verb: the keys that may stand with it, and how the step is made of their values.

    `make` raises Unreadable where a value that it needs is absent or wrong.
    """

    keys: Mapping[str, Key[Any]]
    make: Callable[[Values, Page], model.Step]


def _read_ready(node: Node, page: Page) -> Port | ProgramState | Healthy | None:
    if isinstance(node, MapNode):
        return PROGRAM_UNTIL.read(node, page)
    text = TEXT.read(node, page)
    if text == "healthy":
        return Healthy()
    if text is not None and " " in text and text.split()[0].lower() not in ("tcp", "udp", "unix"):
        page.wrong(
            node,
            f"{quoted(text)} is neither a port nor a state",
            "write `{output: …}` for a text on its screen",
        )
        return None
    return None if text is None else READY_PORT.read(node, page)


def _read_signal(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None or text in SIGNALS:
        return text
    page.wrong(
        node,
        f"{quoted(text)} is not a signal",
        signal_hint(text) or "write it like `STOP`, `CONT`, `KILL` or `TERM`",
    )
    return None


def _read_file(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is not None and (not text.endswith(".py") or "\0" in text):
        page.wrong(
            node,
            f"{quoted(text)} is not a Python file",
            "write the path of a testinfra module, from the scenario's folder",
        )
        return None
    return text


READY: Kind[Port | ProgramState | Healthy] = Kind(
    "a PORT, `healthy` or a program's state",
    _read_ready,
    {"anyOf": [{"enum": ["tcp", "udp", "healthy"]}, READY_PORT.schema, PROGRAM_UNTIL.schema]},
)
SIGNAL_NAME: Kind[str] = Kind("a signal like `STOP`", _read_signal, {"enum": list(SIGNALS)})
FILE: Kind[str] = Kind("a file", _read_file, {"type": "string", "pattern": r"\.py$"})

WHY = Key("why", TEXT, "what is to be seen here; printed with the step, and with its failure")
ON = Key("on", HOST, "the host; a counted one: all of them, at the same time", required=True)
ON_IF = Key("on", HOST, "the host; a counted one: all of them, at the same time")
TO = Key("to", PROGRAM, "the program that gets it", required=True)
TIME_LIMIT = Key("timeout", TIMEOUT, "the step may take so long; 10s unless something else is said")
PROGRAM_NAME = Key(
    "name", NAME, "what the program is called from here on; the command's first word unless something else is said"
)
COPIES = Key("count", COUNT, "so many at the same time, NAME-1 to NAME-N")
ENVIRONMENT = Key("env", ENV, "variables of its environment")
START = Key("start", COMMAND, "starts this command in a window of its own; it goes on running", required=True)
RUN = Key("run", COMMAND, "runs this command as a script would; over when it has ended", required=True)
READY_WHEN = Key("ready", READY, "the start is over when this program listens at this port, or is in this state")
STDIN = Key("stdin", INPUT, "its whole input")
SEND = Key("send", INPUT, "types this into the program's window; Enter comes by itself", required=True)
SIGNAL = Key("signal", SIGNAL_NAME, "sends this signal; over when it has taken effect", required=True)
STOP = Key("stop", PROGRAM, "ends this program with TERM, and waits until it has ended", required=True)
WAIT = Key(
    "wait", SUBJECT, "waits until this program has ended, or, with `until`, until something is so", required=True
)
CHECK = Key(
    "check", SUBJECT, "looks now whether something is so; a program without `expect`: whether it runs", required=True
)
PYTEST = Key("pytest", FILE, "runs this testinfra module, which is given `host` and `lab`", required=True)
HALT = Key("halt", HOST, "this host goes down, as if its power were cut", required=True)
EXPECT_ENDS = Key("expect", ENDS, "what must be so at the end of the program; a list: `count` of them are like this")


def _start(values: Values, page: Page) -> model.Start:
    command = values.need(START)
    name = program_name(values.maybe(PROGRAM_NAME), command)
    if "name" not in values.nodes and (not is_word(name) or name in TAKEN):
        page.wrong(values.nodes["start"], f"{quoted(name)} cannot be a program's name", "add `name: …`")
    return model.Start(
        at=values.at,
        why=values.get(WHY),
        on=values.need(ON),
        command=command,
        name=name,
        count=values.maybe(COPIES),
        env=values.optional(ENVIRONMENT, {}),
        ready=values.maybe(READY_WHEN),
        timeout_s=values.optional(TIME_LIMIT, DEFAULT_TIMEOUT_S),
    )


def _run(values: Values, page: Page) -> model.Run:
    return model.Run(
        at=values.at,
        why=values.get(WHY),
        on=values.need(ON),
        command=values.need(RUN),
        name=values.maybe(PROGRAM_NAME),
        count=values.maybe(COPIES),
        env=values.optional(ENVIRONMENT, {}),
        stdin=_whole_input(values.optional(STDIN, Input(""))),
        expect=values.optional(EXPECT_ENDS, (End(),)),
        timeout_s=values.optional(TIME_LIMIT, DEFAULT_TIMEOUT_S),
    )


def _whole_input(given: Input) -> Input:
    """An empty text is an empty input; other text is typed, and gets its Enter."""
    return given if given.text else Input("", verbatim=True)


def _send(values: Values, page: Page) -> model.Send:
    given = values.need(SEND)
    if any(len(line.encode()) > LONGEST_TYPED_LINE for line in given.text.split("\n")):
        hint = "give it to `run` as its `stdin`"
        page.wrong(values.nodes["send"], f"a typed line holds at most {LONGEST_TYPED_LINE} bytes", hint)
    return model.Send(at=values.at, why=values.get(WHY), to=values.need(TO), input=given)


def _signal(values: Values, page: Page) -> model.Signal:
    return model.Signal(at=values.at, why=values.get(WHY), to=values.need(TO), signal=values.need(SIGNAL))


def _stop(values: Values, page: Page) -> model.Stop:
    return model.Stop(
        at=values.at,
        why=values.get(WHY),
        program=values.need(STOP),
        expect=values.optional(EXPECT_ENDS, (End(),)),
        timeout_s=values.optional(TIME_LIMIT, DEFAULT_TIMEOUT_S),
    )


def _wait(values: Values, page: Page) -> model.Wait:
    subject = known_subject(values.need(WAIT), values, page, verb="wait")
    until, expect = wait_ends(subject, values, page)
    return model.Wait(
        at=values.at,
        why=values.get(WHY),
        on=values.maybe(ON_IF),
        subject=subject,
        only=values.maybe(ONLY),
        until=until,
        expect=expect,
        timeout_s=values.optional(TIME_LIMIT, DEFAULT_TIMEOUT_S),
    )


def _check(values: Values, page: Page) -> model.Check:
    subject = known_subject(values.need(CHECK), values, page, verb="check")
    expect = check_expects(subject, values, page)
    return model.Check(
        at=values.at,
        why=values.get(WHY),
        on=values.maybe(ON_IF),
        subject=subject,
        only=values.maybe(ONLY),
        expect=expect,
    )


def _pytest(values: Values, page: Page) -> model.Pytest:
    return model.Pytest(
        at=values.at,
        why=values.get(WHY),
        on=values.maybe(ON_IF),
        file=Path(values.need(PYTEST)),
        timeout_s=values.optional(TIME_LIMIT, DEFAULT_TIMEOUT_S),
    )


def _halt(values: Values, page: Page) -> model.Halt:
    return model.Halt(at=values.at, why=values.get(WHY), host=values.need(HALT))


def _link(values: Values, page: Page) -> model.Impair:
    return impair(values, page, why=values.get(WHY))


def _heal(values: Values, page: Page) -> model.Heal:
    return heal(values, page, why=values.get(WHY))


VERBS: dict[str, Verb] = {
    "start": Verb(table(WHY, ON, START, PROGRAM_NAME, COPIES, ENVIRONMENT, READY_WHEN, TIME_LIMIT), _start),
    "run": Verb(table(WHY, ON, RUN, PROGRAM_NAME, COPIES, ENVIRONMENT, STDIN, EXPECT_ENDS, TIME_LIMIT), _run),
    "send": Verb(table(WHY, TO, SEND), _send),
    "signal": Verb(table(WHY, TO, SIGNAL), _signal),
    "stop": Verb(table(WHY, STOP, EXPECT_ENDS, TIME_LIMIT), _stop),
    "wait": Verb(table(WHY, ON_IF, WAIT, ONLY, UNTIL, WAIT_EXPECT, TIME_LIMIT), _wait),
    "check": Verb(table(WHY, ON_IF, CHECK, ONLY, CHECK_EXPECT), _check),
    "pytest": Verb(table(WHY, ON_IF, PYTEST, TIME_LIMIT), _pytest),
    "halt": Verb(table(WHY, HALT), _halt),
    "link": Verb({"why": WHY} | LINK_KEYS, _link),
    "heal": Verb(table(WHY, HEAL), _heal),
}
