"""A lab that stands -> its hosts, and programs on them: what the tests of the contract speak with."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Any
from uuid import uuid4

from labctl.agent.frames import Header
from labctl.agent.tracer import MOST_TEXT
from labctl.engine.contract import Engine, Lab
from labctl.hosts.conversation import Conversation, Ticket
from labctl.hosts.launch import OUTPUT_CAP, launch, started
from labctl.hosts.look import Answer, Wanted, answer_to, ask_port, ask_program
from labctl.hosts.program import Program
from labctl.plan.model import AbsentHost, HostPlan, Plan

PATIENCE_S = 30.0
"""How long anything may take that isn't about time."""


def silently(_: str) -> None:
    """Nobody listens to progress here."""


class StandingLab:
    """A lab that a test, or a module of tests, has to itself."""

    def __init__(self, engine: Engine, plan: Plan, folder: Path, *, lab: str = "", traced: bool = False) -> None:
        self.engine = engine
        self.id = lab or uuid4().hex[:12]
        folder = folder / self.id
        folder.mkdir()
        engine.prepare(plan, silently)
        self.lab: Lab = engine.up(plan, lab=self.id, folder=folder, say=silently)
        self.heard: list[tuple[str, Header]] = []
        self.traces: dict[str, bytearray] = {}
        try:
            self.conversation = Conversation(
                self.lab.channels,
                on_heard=self._hear,
                last_words=getattr(self.lab, "last_words", lambda: ""),
            )
            self.conversation.greet()
            if traced:
                self.trace()
        except BaseException:
            self.lab.down()
            raise

    def __enter__(self) -> StandingLab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lab.down()

    @property
    def plan(self) -> Plan:
        """As it was built."""
        return self.lab.plan

    def trace(self, *, most: int = MOST_TEXT) -> None:
        """Have every program traced that is started from now on, and so many bytes kept of each trace."""
        for host in self.lab.channels:
            reply = self.conversation.answer(self.conversation.ask(host, "trace", most=most))
            assert reply.get("ok"), reply

    def _hear(self, host: str, header: Header, body: bytes) -> None:
        self.heard.append((host, header))
        if header["ev"] == "traced":
            self.traces.setdefault(header["program"], bytearray()).extend(body)

    def heard_of(self, running: Running) -> list[str]:
        """What the agent said of a program, by kind and in order (`output`, `cut`, `traced`, `ended`, `gone`).

        However many pieces output or a trace came in, one after another they count once.
        """
        kinds = [header["ev"] for _, header in self.heard if header.get("program") == running.program.key]
        in_pieces = ("output", "traced")
        return [kind for at, kind in enumerate(kinds) if kind not in in_pieces or kinds[at - 1 : at] != [kind]]

    def host(self, name: str) -> Host:
        """One of its hosts."""
        assert name in self.lab.channels
        return Host(self.conversation, name)

    def address(self, name: str) -> str:
        """A host's IPv4 address, an absent one's too."""
        address = self.named(name).address4
        assert address is not None
        return address

    def named(self, name: str) -> HostPlan | AbsentHost:
        """What the plan says of a name."""
        known: list[HostPlan | AbsentHost] = [*self.plan.hosts, *self.plan.absent]
        return next(one for one in known if one.name == name)

    def clear(self) -> None:
        """End whatever still runs on its hosts."""
        for host in self.lab.channels:
            self.conversation.answer(self.conversation.ask(host, "forget"))
        started = self.conversation.programs.values()
        assert self.conversation.until(lambda: all(one.is_gone for one in started), timeout_s=PATIENCE_S)
        self.conversation.programs.clear()
        self.heard.clear()
        self.traces.clear()


class Host:
    """One host of a lab."""

    _numbers = itertools.count(1)

    def __init__(self, conversation: Conversation, name: str) -> None:
        self.conversation = conversation
        self.name = name

    @property
    def hello(self) -> Header:
        """What its agent said of itself."""
        return self.conversation.hellos[self.name]

    def begin(
        self,
        *words: str,
        stdin: bytes = b"",
        seconds: float | None = None,
        window: bool = False,
        environment: dict[str, str] | None = None,
    ) -> Running:
        """Start a program; it executes now. NotStarted says why it can't."""
        return begin_all([self], words, stdin=stdin, seconds=seconds, window=window, environment=environment)[0]

    def run(self, *words: str, stdin: bytes = b"", seconds: float = PATIENCE_S) -> Running:
        """Start a program and wait until nothing of it is left."""
        return self.begin(*words, stdin=stdin, seconds=seconds).ended().gone()

    def begin_python(
        self, code: str, *arguments: object, seconds: float | None = None, window: bool = False
    ) -> Running:
        """Start a Python program."""
        return self.begin(*python(code, *arguments), seconds=seconds, window=window)

    def run_python(self, code: str, *arguments: object, stdin: bytes = b"", seconds: float = PATIENCE_S) -> Running:
        """Run a Python program until nothing of it is left."""
        return self.run(*python(code, *arguments), stdin=stdin, seconds=seconds)

    def tell(self, code: str, *arguments: object) -> Any:  # Any: JSON's own types, as the test's own code made them
        """What a Python program prints, as JSON. It must exit 0."""
        ended = self.run_python(code, *arguments)
        assert ended.ending == "exit 0", ended
        return json.loads(ended.stdout)

    def port(self, port: str, wanted: Wanted, *, seconds: float = PATIENCE_S, owner: Running | None = None) -> Answer:
        """Wait until a port (`tcp 51717`, `unix /tmp/s`) is as wanted; what was seen."""
        protocol, _, place = port.partition(" ")
        words: dict[str, object] = {"protocol": protocol, "number": None, "path": None, "addresses": None}
        words |= {"path": place} if protocol == "unix" else {"number": int(place)}
        program = owner.program if owner is not None else None
        ticket = ask_port(self.conversation, self.name, words, wanted, seconds=seconds, owner=program)
        return answer_to(self.conversation, ticket, seconds=seconds)

    def state_of(self, pid: int) -> str:
        """The letter of a process's state (proc(5)), looked at by a program of its own; empty when it is gone."""
        looked = self.run("cat", f"/proc/{pid}/stat")
        return looked.stdout.rpartition(b")")[2].split()[0].decode() if looked.stdout else ""

    def number(self) -> int:
        """One that no other program of this session has."""
        return next(self._numbers)


class Running:
    """A program that was started."""

    def __init__(self, host: Host, program: Program, pid: int) -> None:
        self.host, self.program, self.pid = host, program, pid

    def __repr__(self) -> str:
        out, errors = self.stdout[-2000:], self.stderr[-4000:].decode("utf-8", "backslashreplace")
        return f"<{self.program.command} on {self.host.name}: {self.ending}, {out!r}, {errors}>"

    @property
    def stdout(self) -> bytes:
        return bytes(self.program.printed["stdout"])

    @property
    def stderr(self) -> bytes:
        return bytes(self.program.printed["stderr"])

    @property
    def ending(self) -> str:
        """`exit 0`, `signal KILL` or `still running`, as far as has been heard."""
        return self.program.ending

    @property
    def took_s(self) -> float:
        """By the host's clock."""
        return (self.program.ended_ns - self.program.started_ns) / 1e9

    def ended(self, *, timeout_s: float = PATIENCE_S) -> Running:
        """Wait for the end of the program itself."""
        assert self.host.conversation.until(lambda: self.program.has_ended, timeout_s=timeout_s), self
        return self

    def gone(self, *, timeout_s: float = PATIENCE_S) -> Running:
        """Wait for the end of its last descendant."""
        assert self.host.conversation.until(lambda: self.program.is_gone, timeout_s=timeout_s), self
        return self

    def printed(self, text: bytes, *, timeout_s: float = PATIENCE_S) -> Running:
        """Wait until it has printed this on its standard output."""
        until = self.host.conversation.until
        assert until(lambda: text in self.stdout or self.program.has_ended, timeout_s=timeout_s), self
        assert text in self.stdout, self
        return self

    def ask(self, do: str, body: bytes = b"", **words: object) -> Ticket:
        """Send a request about it."""
        return self.host.conversation.ask(self.host.name, do, body, program=self.program.key, **words)

    def answer(self, do: str, body: bytes = b"", **words: object) -> Header:
        """Send a request about it; the reply."""
        return self.host.conversation.answer(self.ask(do, body, **words))

    def feed(self, data: bytes) -> Running:
        """Type this; it has been taken when this returns."""
        assert self.answer("feed", data).get("ok")
        return self

    def signal(self, number: int) -> Header:
        """Send a signal, and return when it has taken effect."""
        return self.answer("signal", signal=int(number), seconds=PATIENCE_S)

    def state(self, wanted: Wanted, *, seconds: float = PATIENCE_S) -> Answer:
        """Wait until it is as wanted; what was seen."""
        ticket = ask_program(self.host.conversation, self.program, wanted, seconds=seconds)
        return answer_to(self.host.conversation, ticket, seconds=seconds)


def begin_all(
    hosts: Sequence[Host],
    *commands: Sequence[str],
    stdin: bytes = b"",
    seconds: float | None = None,
    window: bool = False,
    environment: dict[str, str] | None = None,
    output_cap: int = OUTPUT_CAP,
) -> list[Running]:
    """Start programs at the same time: each command on each host. NotStarted says which one can't."""
    asked: list[tuple[Host, Program, Ticket]] = []
    for host in hosts:
        for words in commands:
            number = host.number()
            program = Program(name=words[0], host=host.name, number=number, command=tuple(words), key=f"{number}")
            ticket = launch(
                host.conversation,
                program,
                environment=environment or {},
                window=window,
                stdin=stdin,
                seconds=seconds,
                output_cap=output_cap,
            )
            asked.append((host, program, ticket))
    running = []
    for host, program, ticket in asked:
        started(host.conversation, program, ticket)
        assert ticket.reply is not None
        running.append(Running(host, program, ticket.reply["pid"]))
    return running


def crowding() -> float:
    """How many times longer than alone a process takes just now, because others want the processors, too."""
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.1:
        pass
    return (time.monotonic() - began) / 0.1


def python(code: str, *arguments: object) -> list[str]:
    """The words that run a Python program, which may be indented as the test around it is."""
    return ["python3", "-u", "-c", dedent(code), *(str(argument) for argument in arguments)]


__all__ = ["OUTPUT_CAP", "PATIENCE_S", "Host", "Running", "StandingLab", "begin_all", "crowding", "python", "silently"]
