"""A story -> all of what a terminal shows of it: whose run it is, the ladder, and what isn't on it."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.observe.story import Story
from labctl.report.drawing import USUAL, Choice, drawn
from labctl.report.ladder import ladder, most_columns
from labctl.report.look import Look
from labctl.report.paragraphs import filled
from labctl.runner.outcome import Verdict
from labctl.scenario.problems import printable


def choice_of(*, only: str | None, everything: bool, width: int | None = None) -> Choice:
    """What to draw. `only`: `packets` or `programs`; `everything`: files and the link itself too; `width`: a page's."""
    return Choice(
        files=everything,
        noise=everything,
        programs=only != "packets",
        packets=only != "programs",
        most_columns=USUAL.most_columns if width is None else most_columns(width),
    )


def told(story: Story, choice: Choice, look: Look, *, width: int) -> Iterator[str]:
    """The lines: verdict, name and claim, the ladder, what was left out, and what could not be read."""
    known = {verdict.value: verdict for verdict in Verdict}
    word = look.verdict(known[story.verdict]) if story.verdict in known else printable(story.verdict or "unfinished")
    where = f" on {story.engine}" if story.engine else ""
    yield f"{word} {look.paint(printable(story.id), 'bold')}{printable(where)}"
    for part in (story.reason, story.about):
        if part.strip():
            yield from filled(part, first="  ", width=width)
    yield ""
    yield from told_bare(story, choice, look, width=width)


def told_bare(story: Story, choice: Choice, look: Look, *, width: int) -> Iterator[str]:
    """The same without verdict, name and claim."""
    drawing = drawn(story, choice)
    yield from ladder(drawing, look, width=width)
    if drawing.left_out:
        for line in filled(f"not shown: {', '.join(drawing.left_out)} (--all shows them)", below="  ", width=width):
            yield look.paint(line, "dim")
    for problem in drawing.problems:
        for line in filled(problem, first=f"{look.mark('failed')} ", width=width):
            yield look.paint(line, "red")
