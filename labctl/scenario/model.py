"""What a scenario file says, as values: everything is typed, nothing is looked up twice."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from msgspec import Struct

from labctl.scenario.links.values import Fault as Fault
from labctl.scenario.links.values import Link as Link
from labctl.scenario.links.values import Only as Only
from labctl.scenario.links.values import Which as Which
from labctl.scenario.problems import Position as Position
from labctl.scenario.problems import Problem
from labctl.scenario.states.values import End as End
from labctl.scenario.states.values import Input as Input
from labctl.scenario.states.values import LinkState as LinkState
from labctl.scenario.states.values import Match as Match
from labctl.scenario.states.values import Num as Num
from labctl.scenario.states.values import Output as Output
from labctl.scenario.states.values import Passing as Passing
from labctl.scenario.states.values import Port as Port
from labctl.scenario.states.values import PortState as PortState
from labctl.scenario.states.values import ProgramRef as ProgramRef
from labctl.scenario.states.values import ProgramState as ProgramState
from labctl.scenario.states.values import Span as Span
from labctl.scenario.states.values import State as State
from labctl.scenario.states.values import Subject as Subject
from labctl.scenario.states.values import Syscall as Syscall
from labctl.scenario.states.values import Thing as Thing
from labctl.scenario.states.values import ThingState as ThingState


class Healthy(Struct, frozen=True):
    """A program is ready when the healthcheck that compose.yaml has for its host passes."""


class Start(Struct, frozen=True, kw_only=True):
    """Start a program in a window of its own. `on` is a host, or a counted host's plain name: all of them."""

    at: Position
    why: str | None = None
    on: str
    command: tuple[str, ...]
    name: str
    count: int | None = None
    env: dict[str, str] = {}
    ready: Port | ProgramState | Healthy | None = None
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
