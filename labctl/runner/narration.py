"""What happens in a run -> its journal, and whoever listens; and why its lab broke, if it did."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from labctl.agent.frames import Header
from labctl.fault.book import Rule
from labctl.hosts.program import Program
from labctl.runner.events import Event, LabCameUp, Listener, OutputCame, StepBegan, StepEnded, StepJudged
from labctl.runner.outcome import StepOutcome
from labctl.runner.records import Journal
from labctl.runner.titles import fault, only
from labctl.scenario.model import Step

_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}


class Broken(Struct, frozen=True):
    """Why a lab could not be built, or broke."""

    reason: str
    hint: str


class Narration:
    """Tells of one run. `broken`: the first reason why nothing can be said of it more. `facts`: what is in force."""

    def __init__(self, key: int, journal: Journal, listener: Listener) -> None:
        self._key, self._journal, self._listener = key, journal, listener
        self._known: set[str] = set()
        self.broken: Broken | None = None
        self.facts: dict[str, str] = {}

    def tell(self, event: Event) -> None:
        """To the listener alone."""
        self._listener(event)

    def in_force(self, event: LabCameUp) -> None:
        """Every host is there, and that is what holds programs."""
        self.facts = event.facts
        self._journal.write("in-force", facts=event.facts)
        self._listener(event)

    def step_began(self, number: int, step: Step, title: str) -> None:
        """It is about to be done."""
        self._journal.write("step-began", number=number, title=title, at=str(step.at), why=step.why or "")
        self._listener(StepBegan(self._key, number, title, step.why))

    def step_ended(self, outcome: StepOutcome, programs: Sequence[Program]) -> None:
        """It was done, or not. `programs`: all that were started by now."""
        for program in programs:
            self._program_started(program)
        self._write_step(outcome)
        self._listener(StepEnded(self._key, outcome))

    def step_judged(self, outcome: StepOutcome) -> None:
        """It had passed, and the record says otherwise."""
        self._write_step(outcome)
        self._listener(StepJudged(self._key, outcome))

    def broke(self, reason: str, hint: str = "") -> None:
        """From now on nothing can be said."""
        self._journal.write("lab-broke", reason=reason)
        if self.broken is None:
            self.broken = Broken(reason, hint)

    def halted(self, host: str) -> None:
        """It is taken down now."""
        self._journal.write("halted", host=host)

    def not_recorded(self, reason: str) -> None:
        """Something is missing in the record."""
        self._journal.write("not-recorded", reason=reason)

    def rules_changed(self, host: str, since_ns: int, rules: Sequence[Rule]) -> None:
        """From then on these are in force where the host receives, and no others."""
        self._journal.write("rules", t=since_ns, host=host, rules=[_rule(rule) for rule in rules])

    def heard(self, host: str, header: Header, body: bytes) -> None:
        """What an agent or a sidecar tells by itself."""
        kind = header["ev"]
        if kind in ("counted", "packets", "traced"):  # what somebody waits for looks at it again and again; files
            return
        words = {key: value for key, value in header.items() if key not in ("ev", "t")}
        self._journal.write(kind, t=header.get("t"), body=body if kind == "output" else None, **words | {"host": host})
        if kind == "output":
            program = header["program"].rpartition("#")[0]
            self._listener(OutputCame(self._key, host, program, header["stream"], body))

    def _program_started(self, program: Program) -> None:
        if program.key in self._known or not program.started_ns:
            return
        self._known.add(program.key)
        self._journal.write(
            "started",
            t=program.started_ns,
            program=program.key,
            host=program.host,
            words=program.command,
            pid=program.pid,
        )

    def _write_step(self, outcome: StepOutcome) -> None:
        verdict = outcome.verdict.value
        self._journal.write("step-ended", number=outcome.number, verdict=verdict, complaints=outcome.complaints)


def _rule(rule: Rule) -> dict[str, object]:
    """A rule as the journal has it. `words` are those of the scenario."""
    of = f" of {only(rule.only)}" if rule.only is not None else ""
    return {
        "name": rule.name,
        "words": f"{fault(rule.fault)}{of}",
        "fault": rule.fault.name,
        "answer": rule.fault.answer if rule.fault.name == "cut" and rule.fault.answer != "silent" else "",
        "visible": rule.fault.visible,
        "senders": sorted(rule.senders),
        "fragments": rule.loses_fragments,
        "protocol": None if rule.only is None else _PROTOCOLS[rule.only.protocol],
        "port": None if rule.only is None else rule.only.port,
    }
