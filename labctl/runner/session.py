"""One scenario in one lab, while it runs: what its steps share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from labctl.hosts.conversation import Conversation
from labctl.hosts.program import Program
from labctl.plan.given import Given
from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.plan.names import reached_from
from labctl.runner.links import Links
from labctl.runner.outcome import ProgramSeen
from labctl.scenario.model import Run, Scenario, Start
from labctl.scenario.names import HostNames, Placed, programs_of
from labctl.scenario.placeholders import fill

if TYPE_CHECKING:
    from labctl.runner.recorded import Judge


class StepFailed(Exception):
    """What a step expected is not so. `complaints`: what was expected and what came, a text each."""

    def __init__(self, complaints: Sequence[str], programs: Sequence[Program] = ()) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = tuple(complaints)
        self.programs = tuple(programs)


class CannotTell(Exception):
    """A step could not look, so nothing can be said: UNKNOWN, with the reason."""


class Session:
    """The lab, the programs that were started, and how time is measured.

    `halt` takes a host down, `forget` is told before. `postponed`: what the step that is being done expects of the
    record, `notes`: what is to be said of it though it passes. Programs of `given` are held to the lab's own wording
    only if `strict`.
    """

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        conversation: Conversation,
        hosts: HostNames,
        *,
        links: Links,
        halt: Callable[[str], None],
        forget: Callable[[str], None],
        slack: float,
        given: Given,
        strict: bool,
    ) -> None:
        self.scenario, self.plan = scenario, plan
        self.conversation = conversation
        self.hosts = hosts
        self.links = links
        self.halt, self.forget = halt, forget
        self.halted: set[str] = set()
        self.slack = slack
        self.given, self._strict = given, strict
        self.notes: list[str] = []
        self._addresses: dict[str, Mapping[str, str]] = {}
        self.started: dict[str, list[Program]] = {}
        self.postponed: list[Judge] = []
        self._keys = count(1)

    def place(self, step: Start | Run) -> list[Program]:
        """The programs of a step, each with its own words; none is started yet."""
        return [self._program(step, placed) for placed in programs_of(step, self.hosts)]

    def _program(self, step: Start | Run, placed: Placed) -> Program:
        given = self.given.instead_of(step.command)
        shown = tuple(self.fill(word, placed.number, placed.host) for word in step.command)
        return Program(
            name=placed.name,
            host=placed.host,
            number=placed.number,
            command=shown if given is None else (*given.words, *shown[1:]),
            key=f"{placed.name}#{next(self._keys)}",
            shown=shown,
            origin="" if given is None else given.origin,
            is_lenient=given is not None and not self._strict,
        )

    def environment(self, step: Start | Run, program: Program) -> dict[str, str]:
        """The step's own environment for one program."""
        return {name: self.fill(text, program.number, program.host) for name, text in step.env.items()}

    def remember(self, plain_name: str, programs: list[Program]) -> None:
        """From here on later steps may name these programs, one by one or all of them."""
        for program in programs:
            self.started[program.name] = [program]
        self.started[plain_name] = programs

    def named(self, name: str) -> list[Program]:
        """The programs that a name stands for (the loader has made sure that they were started)."""
        return self.started[name]

    def fill(self, text: str, number: int, host: str) -> str:
        """A text with its placeholders filled in."""
        return fill(text, n=number, host=host, addresses=self.addresses_on(host))

    def addresses_on(self, host: str) -> Mapping[str, str]:
        """The address that each host has for that one: in a lab of both families the IPv4 one."""
        if host not in self._addresses:
            self._addresses[host] = addresses_from(self.plan, host)
        return self._addresses[host]

    def patience(self, timeout_s: float) -> float:
        """A step's timeout on this machine, in seconds."""
        return timeout_s * self.slack


def addresses_from(plan: Plan, host: str) -> Mapping[str, str]:
    """Each host's address as one of them knows it, absent ones' too; in a lab of both families the IPv4 one."""
    named: list[HostPlan | AbsentHost] = [*plan.hosts, *plan.absent]
    return {other.name: next(iter(reached_from(plan, host, other)), "") for other in named}


def seen(program: Program) -> ProgramSeen:
    """A program as a failure shows it."""
    return ProgramSeen(
        name=program.name,
        host=program.host,
        command=program.shown,
        ending=program.ending,
        stdout=bytes(program.printed["stdout"]),
        stderr=bytes(program.printed["stderr"]),
        cut=program.is_cut,
    )
