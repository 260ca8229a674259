"""What is looked at and what must be so there, as values: subjects, their states, ends of programs."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from labctl.scenario.links.values import Link


class Num(Struct, frozen=True):
    """A whole number that lies between two bounds, both included; None is no bound."""

    min: int | None = None
    max: int | None = None


class Span(Struct, frozen=True):
    """A length of time between two bounds, both included, in seconds; None is no bound."""

    min_s: float | None = None
    max_s: float | None = None


class Match(Struct, frozen=True):
    """What a text must look like. Every part that is given must hold.

    `contains`: these parts, in this order, gaps allowed. `equals`: the whole, one newline at the end aside.
    `matches`: a Python regular expression, `^$` at lines. `absent`: none of these. `count`: how often
    `contains` (then a single part) or `matches` occurs. `strict`: the lab's own wording, asked of others'
    programs only on demand.
    """

    contains: tuple[str, ...] = ()
    equals: str | None = None
    matches: str | None = None
    absent: tuple[str, ...] = ()
    count: Num | None = None
    strict: str | None = None


class Input(Struct, frozen=True):
    """Text for a program's input. `verbatim`: sent as it is, without adding an Enter."""

    text: str
    verbatim: bool = False


class Port(Struct, frozen=True):
    """A place where sockets are: `tcp 51717`, `tcp localhost:51717`, `udp 7`, `unix /path`, `unix @name`.

    `address` is a name or an address as written, None for any. `number` is None for a bare `tcp` or `udp`
    (any port) and for unix; `path` is only for unix.
    """

    protocol: Literal["tcp", "udp", "unix"]
    number: int | None = None
    address: str | None = None
    path: str | None = None


class Thing(Struct, frozen=True):
    """A testinfra module with its one argument: `{socket: "tcp://0.0.0.0:51717"}`, `{process: {comm: x}}`."""

    module: str
    argument: str | dict[str, str]


class ProgramRef(Struct, frozen=True):
    """A program by the name it has from its start on; a counted one's plain name means all of them."""

    name: str


class Output(Struct, frozen=True):
    """Newly on the program's screen since the last match: a text to the letter, or a regular expression."""

    text: str | None = None
    matches: str | None = None


class ProgramState(Struct, frozen=True):
    """States of a running program, None where nothing is said. `blocked` is a call or a family of calls."""

    output: Output | None = None
    blocked: str | None = None
    children: Num | None = None
    zombies: Num | None = None
    stdout: Match | None = None
    stderr: Match | None = None


class PortState(Struct, frozen=True):
    """States of the sockets at a port, None where nothing is said.

    `sockets` counts those in a TCP state by the state's name as written (`time-wait`, `established` …).
    """

    listening: bool | None = None
    waiting: Num | None = None
    unread: Num | None = None
    unacked: Num | None = None
    overflowed: Num | None = None
    sockets: dict[str, Num] = {}


class Passing(Struct, frozen=True):
    """A packet on a link, as `order` has it. `forward`: from the LINK's first end to its second (`->`), else back.

    `word` says what it is: one of links/order.py.
    """

    forward: bool
    word: str


class LinkState(Struct, frozen=True):
    """Counters of a link, None where nothing is said, and which packets must pass, in this order, gaps allowed.

    `dropped` may name the lost ones: each sender's, from 1, sorted. Then `only` is set, and the link is one way.
    """

    sent: Num | None = None
    arrived: Num | None = None
    dropped: Num | tuple[int, ...] | None = None
    retransmitted: Num | None = None
    resets: Num | None = None
    order: tuple[Passing, ...] = ()


class ThingState(Struct, frozen=True):
    """Attributes expected of a testinfra module, by testinfra's own names, typed by the attribute's shape."""

    attributes: dict[str, str | int | bool | list[str]]


Subject = ProgramRef | Port | Link | Thing
State = ProgramState | PortState | LinkState | ThingState
"""How a subject is: each kind of subject has a kind of state."""


class Syscall(Struct, frozen=True):
    """A system call that must be in the record of a program and its children, None where nothing is said.

    `call` is its name or that of a family. `args`: a part of its arguments, as strace writes them. `error`: how it
    failed, an errno name; `returns`: what it returned instead. `took`: the time in it. `count`: how often there are
    such calls in the whole record; without it, it comes after the ones before it.
    """

    call: str
    args: str | None = None
    error: str | None = None
    returns: Num | None = None
    took: Span | None = None
    count: Num | None = None


class End(Struct, frozen=True):
    """What must be so when a program has ended.

    `exit`: a status, a signal's name without SIG, "nonzero" or "any"; None is the step's default
    (0, and after `stop` TERM too). `count`: how many of the programs are like this (in a list of ends).
    `syscalls` is judged when the record is there, which is later than all else.
    """

    exit: int | str | None = None
    stdout: Match | None = None
    stderr: Match | None = None
    took: Span | None = None
    count: int | None = None
    syscalls: tuple[Syscall, ...] = ()
