"""A folder with sources -> what its Makefile or a C compiler makes of it, inside a lab host with no way out.

A Makefile is any program at all. So it runs where the lab's programs do: unprivileged, within limits, without a
network, with nothing but a copy of the folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network
from itertools import count
from pathlib import Path

from labctl.engine.contract import Engine, EngineError, Say
from labctl.hosts.conversation import Cancel, Cancelled, Conversation, LabBroke
from labctl.hosts.launch import NotStarted, launch, started
from labctl.hosts.program import Program
from labctl.plan import addresses
from labctl.plan.dockerfile import STANDARD_PATH
from labctl.plan.image import COMPILER_IMAGE
from labctl.plan.model import HostPlan, Limits, Plan, ProgramFolder
from labctl.plan.shipped import shipped
from labctl.plan.sysctls import pinned
from labctl.programs.copying import MOST_BYTES, unpack
from labctl.programs.finding import Building
from labctl.programs.unusable import Unusable
from labctl.runner.apart import is_readable
from labctl.scenario.model import Family
from labctl.scenario.problems import quoted

BUILT_WITHIN_S = 60.0
HOST = "workshop"
_SOURCE = "/opt/lab/source"
_PLACE = "/home/lab/built"
_COPIED_WITHIN_S = 20.0
_WORDS = 256 * 1024
"""Bytes of a compiler's words that are kept."""
_LIMITS = Limits(processes=256, memory=1024 * 1024 * 1024, files=1024, file_size=MOST_BYTES, output=2 * MOST_BYTES)
_CC = ("cc", "-Wall", "-g", "-O1", "-pthread")


def workshop_plan(source: Path) -> Plan:
    """A lab of one host, which has the folder at a place of its own."""
    subnet: IPv4Network = addresses.subnet4(1)
    host = HostPlan(
        name=HOST,
        service=HOST,
        mac=addresses.mac(0),
        address4=addresses.address(subnet, 0),
        address6=None,
        image=COMPILER_IMAGE,
        build=shipped("images") / "compiler",
        path=tuple(STANDARD_PATH.split(":")),
        sysctls=pinned(Family.IPV4),
        limits=_LIMITS,
        brought=(ProgramFolder(source, _SOURCE),),
    )
    return Plan(name=HOST, family=Family.IPV4, subnet4=subnet, subnet6=None, hosts=(host,))


class Workshop:
    """Where sources are built: one lab for each, on the engine that their programs will run on."""

    def __init__(
        self, engine: Callable[[], Engine], records: Path, say: Say, *, cancel: Cancel, slack: float = 1.0
    ) -> None:
        """`engine` is asked for when something is to be built; `records`: an existing folder for its own files.

        When it is cancelled, Cancelled goes through, after the lab is down.
        """
        self._engine, self._records, self._slack = engine, records, slack
        self._cancel = cancel

        def told(words: str) -> None:
            if is_readable(cancel):
                raise Cancelled
            say(words)

        self._say = told

    def build(self, source: Path, building: Building, to: Path, *, origin: Path) -> str:
        """Build a copy of a folder, and unpack what there is then into a new one. What the compiler said.

        `origin` is the folder as its owner knows it. Unusable if it can't be built; EngineError if nothing can be.
        """
        plan = workshop_plan(source)
        lab_id = f"{os.getpid():x}-{os.urandom(4).hex()}"
        folder = self._records / lab_id
        folder.mkdir()
        engine = self._engine()
        engine.prepare(plan, self._say)
        lab = engine.up(plan, lab=lab_id, folder=folder, say=self._say)
        try:
            conversation = Conversation(lab.channels, cancel=self._cancel)
            conversation.greet()
            job = _Job(conversation, origin, self._slack)
            job.do("copy", ("cp", "-R", f"{_SOURCE}/.", _PLACE), _COPIED_WITHIN_S)
            job.do("copy", ("chmod", "-R", "u+w", _PLACE), _COPIED_WITHIN_S)
            said = job.make(building)
            archive = job.do("copy", ("tar", "-C", _PLACE, "-cf", "-", "."), _COPIED_WITHIN_S)
        except LabBroke as error:
            message = f"the lab in which {quoted(str(origin))} was built broke: {error}"
            raise Unusable(message, hint=error.hint or "look at what its Makefile does") from error
        finally:
            lab.down()
            shutil.rmtree(folder, ignore_errors=True)
        unpack(bytes(archive.printed["stdout"]), to, origin=origin)
        return said


class _Job:
    """Commands on the one host."""

    def __init__(self, conversation: Conversation, origin: Path, slack: float) -> None:
        self._conversation, self._origin, self._slack = conversation, origin, slack
        self._keys = count(1)
        self._has_built = False

    def make(self, building: Building) -> str:
        """Build it; what was said meanwhile. Unusable with the words of the compiler."""
        if building.by_make:
            return self._made(f"`make` in {quoted(str(self._origin))}", ("make",))
        said = ""
        for source in building.sources:
            words = (*_CC, "-o", source.removesuffix(".c"), source, "-lm")
            said += self._made(f"{quoted(source)} in {quoted(str(self._origin))}", words)
        return said

    def _made(self, what: str, words: Sequence[str]) -> str:
        in_place = ("sh", "-c", 'cd "$0" && exec "$@" 2>&1', _PLACE, *words)
        program = self.do("build", in_place, BUILT_WITHIN_S, may_fail=True)
        self._has_built = True
        said = bytes(program.printed["stdout"]).decode("utf-8", "backslashreplace")
        if program.limit == "time":
            raise Unusable(f"{what} was not built within {BUILT_WITHIN_S * self._slack:g} s", said=said)
        if program.status == 127 and "not found" in said and said.count("\n") <= 1:
            raise EngineError(
                f"this machine has no {quoted(words[0])} for {what}",
                hint="install a C compiler and make (on Debian: `apt-get install gcc libc6-dev make`)",
            )
        if program.status != 0:
            fate = "failed" if words[0] == "make" else "does not compile"
            raise Unusable(f"{what} {fate} ({program.ending})", said=said)
        return said

    def do(self, name: str, words: Sequence[str], seconds: float, *, may_fail: bool = False) -> Program:
        """Run it to its end."""
        program = Program(name=name, host=HOST, number=1, command=tuple(words), key=f"{name}#{next(self._keys)}")
        patience = seconds * self._slack
        ticket = launch(
            self._conversation,
            program,
            environment={"LC_ALL": "C.UTF-8"},
            window=False,
            seconds=patience,
            output_cap=_WORDS if name == "build" else _LIMITS.output,
        )
        try:
            started(self._conversation, program, ticket)
        except NotStarted as error:
            if self._has_built:  # what was built has left the host so
                message = f"{quoted(str(self._origin))} could not be built: its host is of no use afterwards: {error}"
                raise Unusable(message, hint="look at what its Makefile does") from error
            raise EngineError(f"nothing can be built: {error}") from error
        self._conversation.until(lambda: program.has_ended, timeout_s=patience + 30.0)
        if name == "copy" and program.is_cut:
            raise Unusable(f"what is built from {quoted(str(self._origin))} is larger than {_LIMITS.output >> 20} MiB")
        if not may_fail and program.status != 0:
            said = bytes(program.printed["stderr"]).decode("utf-8", "backslashreplace")
            message = f"{quoted(str(self._origin))} could not be built: {words[0]} ended with {program.ending}"
            raise Unusable(message, said=said)
        return program
