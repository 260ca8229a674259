"""Events -> the lines of `-v`: each step as it begins, what it is about, what programs print, how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labctl.report.look import Look
from labctl.report.measures import seconds_in_words
from labctl.report.visible import visible_line
from labctl.runner.events import (
    Event,
    LabCameUp,
    OutputCame,
    Progressed,
    ScenarioBegan,
    ScenarioEnded,
    StepBegan,
    StepEnded,
    StepJudged,
)
from labctl.runner.outcome import Verdict
from labctl.scenario.problems import printable

MOST_LINES = 200
_INDENT = " " * 7


class Narrative:
    """Tells a run, event by event. Of several scenarios at the same time each line's owner is named by a heading."""

    def __init__(self, abouts: Mapping[str, str], look: Look) -> None:
        """`abouts`: what each scenario, by its id, is about."""
        self._abouts = abouts
        self._look = look
        self._told: int | None = None  # whose lines come now
        self._began: dict[int, ScenarioBegan] = {}
        self._unended: dict[tuple[int, str, str], bytes] = {}  # by key, program and stream
        self._printed: dict[tuple[int, str], int] = {}  # lines, by key and program

    def lines(self, event: Event) -> list[str]:
        """What is to be said about this event, without newlines at the ends."""
        match event:
            case ScenarioBegan():
                self._began[event.key] = event
                return []
            case ScenarioEnded():
                said = list(self._rest_of_output(event.key))
                self._began.pop(event.key, None)
                self._told = None
            case _:
                said = list(self._within(event))
        return [*self._heading(event.key), *said] if said else []

    def _within(self, event: Event) -> Iterator[str]:
        match event:
            case Progressed():
                yield f"  {self._look.paint(printable(event.words), 'dim')}"
            case LabCameUp():
                facts = ", ".join(f"{name} {words}" for name, words in event.facts.items())
                yield f"  {self._look.paint('the lab is up' + (f': {printable(facts)}' if facts else ''), 'dim')}"
                for service, settings in event.declared.items():
                    words = ", ".join(f"{name} = {value}" for name, value in settings.items())
                    yield f"  {self._look.paint(f'{printable(service)} is set to {printable(words)}', 'dim')}"
            case StepBegan():
                yield from self._rest_of_output(event.key)
                began = self._began.get(event.key)
                of = f"/{len(began.steps)}" if began else ""
                yield f"  {f'{event.number}{of}':<4} {self._look.paint(printable(event.title), 'bold')}"
                if event.why:
                    yield from (f"{_INDENT}{printable(line)}" for line in event.why.rstrip("\n").split("\n"))
            case OutputCame():
                yield from self._output(event)
            case StepEnded():
                yield from self._rest_of_output(event.key)
                yield f"{_INDENT}{self._ending(event)}"
            case StepJudged():
                outcome = event.outcome
                title = self._look.paint(printable(outcome.title), "bold")
                yield f"  {outcome.number:<4} {title}"
                yield f"{_INDENT}{self._look.verdict(outcome.verdict)} judged by what was recorded"

    def _ending(self, event: StepEnded) -> str:
        verdict, took = event.outcome.verdict, seconds_in_words(event.outcome.took_s)
        if verdict is Verdict.PASS:
            return self._look.paint(f"{self._look.mark('done')} {took}", "green")
        return f"{self._look.verdict(verdict)} {took}"

    def _heading(self, key: int) -> Iterator[str]:
        began = self._began.get(key)
        if self._told == key or began is None:
            return
        self._told = key
        title = self._look.paint(printable(began.id), "bold")
        yield f"{title} on {began.engine}: {', '.join(began.hosts)}"
        if about := self._abouts.get(began.id):
            yield from (f"  {printable(line)}" for line in about.rstrip("\n").split("\n"))

    def _output(self, event: OutputCame) -> Iterator[str]:
        place = (event.key, event.program, event.stream)
        *lines, rest = (self._unended.pop(place, b"") + event.data).split(b"\n")
        if rest:
            self._unended[place] = rest
        for line in lines:
            yield from self._line(event.key, event.program, event.stream, line)

    def _rest_of_output(self, key: int) -> Iterator[str]:
        """Lines that have no end yet: prompts, mostly."""
        for place in [place for place in self._unended if place[0] == key]:
            yield from self._line(key, place[1], place[2], self._unended.pop(place))

    def _line(self, key: int, program: str, stream: str, line: bytes) -> Iterator[str]:
        printed = self._printed[key, program] = self._printed.get((key, program), 0) + 1
        if printed <= MOST_LINES:
            yield f"{_INDENT}{program} {stream} | {visible_line(line)}"
        elif printed == MOST_LINES + 1:
            yield f"{_INDENT}{program} prints more than {MOST_LINES} lines: the rest is in the records"
