"""Events -> the live view of a run: a few lines that say what goes on now, drawn again and again."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import east_asian_width

from msgspec import Struct

from labctl.report.look import Look
from labctl.report.measures import seconds_in_words
from labctl.runner.events import Event, LabCameUp, Progressed, ScenarioBegan, ScenarioEnded, StepBegan, StepEnded
from labctl.runner.outcome import StepOutcome, Verdict
from labctl.scenario.problems import printable

MOST_STEPS = 8


class _Running(Struct):
    """A scenario that has begun and not ended. `since_s` is when what it does now began."""

    began: ScenarioBegan
    began_s: float
    doing: str
    since_s: float
    number: int = 0
    ended: list[StepOutcome] = []
    goes_down: bool = False


class View:
    """What a run looks like at a moment, in seconds of any one clock. `scenarios` is None where there is no end."""

    def __init__(self, scenarios: int | None, look: Look) -> None:
        self._scenarios = scenarios
        self._look = look
        self._ended = 0
        self._running: dict[int, _Running] = {}
        self.notice = ""

    def take(self, event: Event, now_s: float) -> None:
        """Remember an event."""
        if isinstance(event, ScenarioBegan):
            self._running[event.key] = _Running(event, now_s, "the lab comes up", now_s)
        elif isinstance(event, ScenarioEnded):
            self._running.pop(event.key, None)
            self._ended += 1
        elif (running := self._running.get(event.key)) is not None:
            _take(running, event, now_s)

    def lines(self, now_s: float, *, width: int, height: int) -> list[str]:
        """The view, no line wider than `width` cells, not more than `height` of them."""
        at_steps = [each for each in self._running.values() if each.number]
        running = at_steps or list(self._running.values())  # labs that come up meanwhile can wait
        if len(running) == 1:
            lines = self._alone(running[0], now_s, max(1, min(MOST_STEPS, height - 3)))
        else:
            lines = [self._one_of_several(each, now_s) for each in running]
        if self._scenarios is None:
            lines.append((f"{self._ended} done", "", False))
        elif self._scenarios > 1:
            lines.append((f"{self._ended} of {self._scenarios} scenarios done", "", False))
        if self.notice:
            lines.append((self.notice, "", True))
        return [self._fitted(*line, width) for line in lines[-height:]]

    def _alone(self, running: _Running, now_s: float, most_steps: int) -> list[tuple[str, str, bool]]:
        """One scenario with its hosts and its steps, each line as text, what stands at its end, and whether bold."""
        began = running.began
        head = (f"{began.id} on {began.engine}", _going_on(now_s - running.began_s), True)
        hosts = (f"  {', '.join(began.hosts)}", "", False)
        return [head, hosts, *self._steps(running, now_s, most_steps)]

    def _steps(self, running: _Running, now_s: float, most: int) -> Iterator[tuple[str, str, bool]]:
        titles = running.began.steps
        since = _going_on(now_s - running.since_s)
        now = self._look.mark("now")
        if running.number == 0:
            yield f"  {now} {running.doing}", since, False
        most = max(1, most - 1 if running.number == 0 or running.goes_down else most)
        first = max(0, min(running.number - most // 2 - 1, len(titles) - most))
        for number, title in list(enumerate(titles, start=1))[first : first + most]:
            if number <= len(running.ended):
                ended = running.ended[number - 1]
                mark = self._look.mark("done" if ended.verdict is Verdict.PASS else "failed")
                yield f"  {mark} {number} {title}", seconds_in_words(ended.took_s), False
            elif number == running.number:
                yield f"  {now} {number} {title}", since, True
            else:
                yield f"    {number} {title}", "", False
        if running.goes_down:
            yield f"  {now} {running.doing}", since, False

    def _one_of_several(self, running: _Running, now_s: float) -> tuple[str, str, bool]:
        place = f"{running.number}/{len(running.began.steps)} " if running.number else ""
        text = f"{self._look.mark('now')} {running.began.id}  {place}{running.doing}"
        return text, _going_on(now_s - running.began_s), False

    def _fitted(self, text: str, ending: str, bold: bool, width: int) -> str:
        """The text at the left, its ending at the right of at most 80 cells, in no more cells than there are."""
        room = min(width, 80) - len(ending) - (2 if ending else 0)
        if room < 8:
            room, ending = width, ""
        shown = cut(printable(text).replace("\t", " "), room, self._look.mark("cut"))
        gap = " " * (room - cells(shown) + 2) if ending else ""
        return self._look.paint(shown, *(("bold",) if bold else ())) + gap + self._look.paint(ending, "dim")


def _take(running: _Running, event: Event, now_s: float) -> None:
    match event:
        case Progressed():
            running.doing, running.since_s = event.words, now_s
        case LabCameUp():
            running.doing, running.since_s = "the lab is up", now_s
        case StepBegan():
            running.number, running.doing, running.since_s = event.number, event.title, now_s
        case StepEnded():
            running.ended.append(event.outcome)
            is_last = event.outcome.verdict is not Verdict.PASS or len(running.ended) == len(running.began.steps)
            if is_last:
                running.doing, running.since_s, running.goes_down = "the lab goes down", now_s, True


def _going_on(seconds: float) -> str:
    """A time that grows while somebody looks: in tenths, so that it keeps its shape."""
    return f"{seconds:.1f} s" if seconds < 59.95 else seconds_in_words(seconds)


def cells(text: str) -> int:
    """How many cells of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def cut(text: str, width: int, mark: str) -> str:
    """The text in at most `width` cells; what is cut off is told by the mark."""
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept + character) > width - len(mark):
            break
        kept += character
    return kept + mark
