"""What the engines need -> lines for people, or the JSON of `labctl doctor --json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from labctl.engine.contract import Finding, Readiness
from labctl.engine.sidecar import NEEDS, hindrances
from labctl.report.document import as_json
from labctl.report.look import Look
from labctl.scenario.problems import printable


class EngineShown(Struct, frozen=True):
    """An engine. It works when each of its findings does.

    `faults` are those that links can have there, and whether they work; `mechanisms` what they are made of.
    """

    engine: str
    works: bool
    findings: tuple[Finding, ...]
    faults: dict[str, bool]
    mechanisms: tuple[Finding, ...]


class HealthDocument(Struct, frozen=True):
    """All engines. A finding's `mend` is the command or the setting that mends it, empty where it works."""

    format: int
    works: bool
    engines: tuple[EngineShown, ...]


def health_text(found: Iterable[Readiness]) -> str:
    """The JSON document."""
    engines = tuple(
        EngineShown(each.engine, each.works, each.findings, fault_table(each.mechanisms), each.mechanisms)
        for each in found
    )
    return as_json(HealthDocument(1, any(engine.works for engine in engines), engines))


def health_lines(found: Sequence[Readiness], look: Look) -> Iterator[str]:
    """A heading for each engine, a line for each finding, below it how to mend it."""
    for each in found:
        verdict = look.paint("works", "green") if each.works else look.paint("does not work", "red")
        yield f"{look.paint(each.engine, 'bold')} {verdict}"
        width = max((len(finding.what) for finding in each.findings), default=0)
        for finding in each.findings:
            yield from _finding(finding, width, look)
        yield from _faults(each.mechanisms, look)
    if not any(each.works for each in found):
        yield "No engine works here: mend one of them."


def fault_table(mechanisms: Sequence[Finding]) -> dict[str, bool]:
    """Each fault, and whether the mechanisms that it needs work; empty where they were not tried."""
    tried = {finding.what for finding in mechanisms}
    if not tried >= {name for ways in NEEDS.values() for one in ways for name in one}:
        return {}
    return {fault: not hindrances(fault, mechanisms) for fault in NEEDS}


def _faults(mechanisms: Sequence[Finding], look: Look) -> Iterator[str]:
    """A table of faults and the mechanisms that each of them needs; below it, why one doesn't work."""
    table = fault_table(mechanisms)
    if table:
        yield "  faults, and what they need:"
    width = max((len(fault) for fault in table), default=0)
    works = {finding.what: finding.works for finding in mechanisms}
    for fault, can_be in table.items():
        needs = ", ".join(" or ".join(f"{_mark(works[name], look)} {name}" for name in ways) for ways in NEEDS[fault])
        yield f"  {_mark(can_be, look)} {fault:<{width}}  {needs}"
    broken = [finding for finding in mechanisms if not finding.works]
    for finding in broken:
        yield from _finding(finding, max(len(one.what) for one in broken), look)


def _mark(works: bool, look: Look) -> str:
    return look.paint(look.mark("done"), "green") if works else look.paint(look.mark("failed"), "red")


def _finding(finding: Finding, width: int, look: Look) -> Iterator[str]:
    detail = printable(finding.detail.replace("\n", "; "))
    yield f"  {_mark(finding.works, look)} {finding.what:<{width}}  {detail}".rstrip()
    if finding.mend and not finding.works:
        yield f"    {'mend:':<{width}}  {look.paint(printable(finding.mend), 'bold')}"
