"""A scenario -> a lesson: what is claimed, who takes part, what is done, what will happen and why, and which calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from labctl.plan.model import Plan
from labctl.report.lesson.calls import calls_at_play
from labctl.report.lesson.hosts import drawing, facts
from labctl.report.lesson.steps import Cast, cast_of, told
from labctl.report.look import Look
from labctl.report.paragraphs import filled, noted
from labctl.report.wording import listed
from labctl.scenario.model import Check, Family, Run, Scenario, Start, Step, Thing, Wait
from labctl.scenario.names import host_specs

_FAMILIES = {Family.IPV4: "IPv4", Family.IPV6: "IPv6", Family.DUAL: "IPv4 and IPv6 at once"}
_INDENT = "  "
_BELOW_NUMBER = " " * 5
_NOTES_FROM = 18


def lesson(
    identity: str,
    scenario: Scenario,
    plan: Plan,
    families: Sequence[Family],
    look: Look,
    *,
    happened: Sequence[str] = (),
) -> Iterator[str]:
    """The lines of a lesson, 80 columns wide. `plan` is that of one family; `families` are those it is run with.

    `happened`: the lines of a ladder, in place of what will happen: it was run, and that is what was recorded.
    """
    services = tuple(dict.fromkeys(host.service for host in plan.hosts))
    yield from _heading(identity, scenario, families, look)
    if scenario.about.strip():
        yield ""
        yield from filled(scenario.about, first=_INDENT)
    yield from _title("On the network", look)
    specs = host_specs(scenario, services)
    yield from drawing(specs, plan, beyond_ascii=look.beyond_ascii)
    for fact in facts(specs, plan, set(_words(scenario))):
        yield from filled(fact, first=_INDENT, below=f"{_INDENT}  ")
    if happened:
        yield from _title("Step by step, as it has just happened", look)
        yield from happened
    else:
        yield from _title("Step by step", look)
        cast = cast_of(scenario, services)
        for number, step in enumerate(scenario.steps, start=1):
            if number > 1:
                yield ""
            yield from _step(number, step, cast, look)
    yield from _calls(scenario, look)


def _heading(identity: str, scenario: Scenario, families: Sequence[Family], look: Look) -> Iterator[str]:
    for line in filled(scenario.name):
        yield look.paint(line, "bold")
    rows = [("run it", f"labctl run {quote(identity)}")]
    if scenario.tags:
        rows.append(("tags", ", ".join(scenario.tags)))
    several = "once with each of " if len(families) > 1 else ""
    rows.append(("network", f"{several}{listed([_FAMILIES[family] for family in families])}"))
    rows += [(f"not on {engine}", reason) for engine, reason in scenario.skip.items()]
    if scenario.allow_internet:
        rows.append(("internet", "this lab is open: its hosts can reach other networks"))
    for item, note in rows:
        for line in filled(note, first=f"{_INDENT}{item}".ljust(_NOTES_FROM), below=" " * _NOTES_FROM):
            yield look.paint(line, "dim")


def _title(text: str, look: Look) -> Iterator[str]:
    yield ""
    yield look.paint(text, "bold")
    yield ""


def _step(number: int, step: Step, cast: Cast, look: Look) -> Iterator[str]:
    words = told(step, cast)
    for line in filled(words.deed, first=f"{number:3}. ", below=_BELOW_NUMBER):
        yield look.paint(line, "bold")
    for line in words.script.split("\n") if words.script else ():
        yield from filled(line, first=_BELOW_NUMBER + _INDENT) if line.strip() else [""]
    if step.why:
        yield from filled(step.why, first=_BELOW_NUMBER)
    mark = look.mark("then")
    for outcome in words.outcomes:
        head = f"{_BELOW_NUMBER}{mark} "
        for line in filled(outcome, first=head, below=" " * len(head)):
            yield look.paint(line, "green")


def _words(scenario: Scenario) -> Iterator[str]:
    """Every word of its commands but the programs, and what testinfra is asked for."""
    for step in scenario.steps:
        if isinstance(step, Start | Run):
            yield from (part for word in step.command[1:] for part in word.split())
        elif isinstance(step, Wait | Check) and isinstance(step.subject, Thing):
            argument = step.subject.argument
            yield from argument.split() if isinstance(argument, str) else argument.values()


def _calls(scenario: Scenario, look: Look) -> Iterator[str]:
    pages = calls_at_play(scenario)
    yield from _title("System calls at play", look)
    if not pages:
        yield f"{_INDENT}None: every program ends before it makes a call that matters here."
        return
    yield from noted(pages, indent=len(_INDENT), column=_NOTES_FROM)
    yield ""
    yield f"{_INDENT}`man 2 accept` shows a page; the 2 is its section."
