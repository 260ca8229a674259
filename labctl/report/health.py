"""What the engines need -> lines for people, or the JSON of `labctl doctor --json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from labctl.engine.contract import Finding, Readiness
from labctl.report.document import as_json
from labctl.report.look import Look
from labctl.scenario.problems import printable


class EngineShown(Struct, frozen=True):
    """An engine. It works when each of its findings does."""

    engine: str
    works: bool
    findings: tuple[Finding, ...]


class HealthDocument(Struct, frozen=True):
    """All engines. A finding's `mend` is the command or the setting that mends it, empty where it works."""

    format: int
    works: bool
    engines: tuple[EngineShown, ...]


def health_text(found: Iterable[Readiness]) -> str:
    """The JSON document."""
    engines = tuple(EngineShown(each.engine, each.works, each.findings) for each in found)
    return as_json(HealthDocument(1, any(engine.works for engine in engines), engines))


def health_lines(found: Sequence[Readiness], look: Look) -> Iterator[str]:
    """A heading for each engine, a line for each finding, below it how to mend it."""
    for each in found:
        verdict = look.paint("works", "green") if each.works else look.paint("does not work", "red")
        yield f"{look.paint(each.engine, 'bold')} {verdict}"
        width = max((len(finding.what) for finding in each.findings), default=0)
        for finding in each.findings:
            yield from _finding(finding, width, look)
    if not any(each.works for each in found):
        yield "No engine works here: mend one of them."


def _finding(finding: Finding, width: int, look: Look) -> Iterator[str]:
    mark = look.paint(look.mark("done"), "green") if finding.works else look.paint(look.mark("failed"), "red")
    detail = printable(finding.detail.replace("\n", "; "))
    yield f"  {mark} {finding.what:<{width}}  {detail}".rstrip()
    if finding.mend and not finding.works:
        yield f"    {'mend:':<{width}}  {look.paint(printable(finding.mend), 'bold')}"
