"""What a scenario file says, as values: everything is typed, nothing is looked up twice."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Literal

from msgspec import Struct

from labctl.scenario.link_values import Fault as Fault
from labctl.scenario.link_values import Link as Link
from labctl.scenario.link_values import Only as Only
from labctl.scenario.link_values import Which as Which
from labctl.scenario.problems import Position as Position
from labctl.scenario.problems import Problem


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


class LinkState(Struct, frozen=True):
    """Counters of a link, None where nothing is said.

    `dropped` may name the lost ones: each sender's, from 1, sorted. Then `only` is set, and the link is one way.
    """

    sent: Num | None = None
    arrived: Num | None = None
    dropped: Num | tuple[int, ...] | None = None
    retransmitted: Num | None = None
    resets: Num | None = None


class ThingState(Struct, frozen=True):
    """Attributes expected of a testinfra module, by testinfra's own names, typed by the attribute's shape."""

    attributes: dict[str, str | int | bool | list[str]]


Subject = ProgramRef | Port | Link | Thing
State = ProgramState | PortState | LinkState | ThingState
"""How a subject is: each kind of subject has a kind of state."""


class End(Struct, frozen=True):
    """What must be so when a program has ended.

    `exit`: a status, a signal's name without SIG, "nonzero" or "any"; None is the step's default
    (0, and after `stop` TERM too). `count`: how many of the programs are like this (in a list of ends).
    """

    exit: int | str | None = None
    stdout: Match | None = None
    stderr: Match | None = None
    took: Span | None = None
    count: int | None = None


class Start(Struct, frozen=True, kw_only=True):
    """Start a program in a window of its own. `on` is a host, or a counted host's plain name: all of them."""

    at: Position
    why: str | None = None
    on: str
    command: tuple[str, ...]
    name: str
    count: int | None = None
    env: dict[str, str] = {}
    ready: Port | ProgramState | None = None
    timeout_s: float = 10.0


class Run(Struct, frozen=True, kw_only=True):
    """Run a program to its end, with its whole input given. `name` is None where the file gives none."""

    at: Position
    why: str | None = None
    on: str
    command: tuple[str, ...]
    name: str | None = None
    count: int | None = None
    env: dict[str, str] = {}
    stdin: Input = Input("", verbatim=True)
    expect: tuple[End, ...] = (End(),)
    timeout_s: float = 10.0


class Send(Struct, frozen=True, kw_only=True):
    """Type something into a program's window."""

    at: Position
    why: str | None = None
    to: str
    input: Input


class Signal(Struct, frozen=True, kw_only=True):
    """Send a signal (name without SIG); over when it has taken effect."""

    at: Position
    why: str | None = None
    to: str
    signal: str


class Stop(Struct, frozen=True, kw_only=True):
    """TERM (and CONT), then wait for the end; KILL and FAIL at the timeout."""

    at: Position
    why: str | None = None
    program: str
    expect: tuple[End, ...] = (End(),)
    timeout_s: float = 10.0


class Wait(Struct, frozen=True, kw_only=True):
    """Wait for a program's end (`expect` judges it) or until a state is there (`until`).

    `on` is given for ports and things, `only` may be for links. Exactly one of `until` and `expect` is set.
    """

    at: Position
    why: str | None = None
    on: str | None = None
    subject: Subject
    only: Only | None = None
    until: State | None = None
    expect: tuple[End, ...] | None = None
    timeout_s: float = 10.0


class Check(Struct, frozen=True, kw_only=True):
    """Look now. A program without `expect`: runs (then `expect` is None). `on` and `only` as in a wait."""

    at: Position
    why: str | None = None
    on: str | None = None
    subject: Subject
    only: Only | None = None
    expect: State | None = None


class Pytest(Struct, frozen=True, kw_only=True):
    """Run a testinfra test module, by path relative to the scenario; `on` None: on every host."""

    at: Position
    why: str | None = None
    on: str | None = None
    file: Path
    timeout_s: float = 10.0


class Impair(Struct, frozen=True, kw_only=True):
    """The verb `link`: from here on a link does this to packets of a kind. `seed` None: the scenario's.

    `faults` has at least one, at most one of each name, in the order in which a packet passes them.
    """

    at: Position
    why: str | None = None
    link: Link
    only: Only | None = None
    faults: tuple[Fault, ...]
    seed: int | None = None


class Heal(Struct, frozen=True, kw_only=True):
    """Take away what `link` steps put on a link; None: on all of them."""

    at: Position
    why: str | None = None
    link: Link | None = None


class Halt(Struct, frozen=True, kw_only=True):
    """Take a host down as if its power were cut. `host`: one, or a counted host's plain name: all of them."""

    at: Position
    why: str | None = None
    host: str


Step = Start | Run | Send | Signal | Stop | Wait | Check | Pytest | Impair | Heal | Halt


class HostSpec(Struct, frozen=True):
    """A host as a scenario asks for it. `service` names it in compose.yaml; `count` makes x-1 … x-N of x."""

    service: str
    at: Position
    count: int | None = None
    absent: bool = False
    sysctls: dict[str, str] = {}


class Family(Enum):
    """Which Internet protocols the lab speaks."""

    IPV4 = "4"
    IPV6 = "6"
    DUAL = "dual"


class Scenario(Struct, frozen=True, kw_only=True):
    """A scenario file. `families` is never empty; with more than one it is run once with each.

    `hosts` is None where the file names none: all services of compose.yaml, once each.
    `warnings` are what is allowed, and probably not meant.
    `skip` maps an engine's name to the reason why the scenario can't hold there.
    """

    path: Path
    name: str
    about: str = ""
    tags: tuple[str, ...] = ()
    families: tuple[Family, ...] = (Family.IPV4,)
    several_families: bool = False
    seed: int = 1
    skip: dict[str, str] = {}
    allow_internet: bool = False
    hosts: tuple[HostSpec, ...] | None = None
    steps: tuple[Step, ...]
    warnings: tuple[Problem, ...] = ()
