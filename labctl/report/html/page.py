"""Stories of runs -> one HTML file that needs nothing from elsewhere: ladders, what programs printed, steps, texts.

Everything that came from a run or a scenario goes through the template's autoescape, or through `safe`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from labctl.observe.story import StepSeen, Story
from labctl.report.html.heads_svg import heads_svg
from labctl.report.html.hosts_svg import hosts_svg
from labctl.report.html.ladder_svg import ladder_svg
from labctl.report.html.layout import layout
from labctl.report.html.records import records
from labctl.report.html.safe import flowing, lines_of, packed, shortened
from labctl.report.html.sheet import FILES, NOISE, Sheet, sheet, views_with
from labctl.report.html.words import written
from labctl.report.measures import counted

_ROOM = "labctl.report.html"
MOST_PRINTED = 100_000
"""So many characters of a stream are on the page, its beginning and its end; all are in the run's folder."""
_MOST_BESIDE = 2
"""With more columns the ladder takes the page's whole width, and what is beside it goes below."""
_KNOWN_VERDICTS = ("pass", "fail", "unknown", "skipped", "not run")


class Printed(Struct, frozen=True):
    """What a program printed, a stream after the other."""

    program: str
    host: str
    command: str
    streams: tuple[tuple[str, tuple[str, ...]], ...]


class Run(Struct, frozen=True, kw_only=True):
    """A story as the template wants it. What is Markup was made safe; all else is escaped there."""

    anchor: str
    story: Story
    verdict: str
    counts: str
    steps: tuple[StepSeen, ...]
    printed: tuple[Printed, ...]
    heads: Markup
    ladder: Markup
    topology: Markup
    records: Markup
    files: int
    calls_left_out: int
    noise: int
    is_empty: bool
    is_wide: bool


def page(stories: Sequence[Story], *, capture: str | None = None, title: str = "") -> str:
    """The page. `capture` is where the recorded packets are, relative to the page; None: nowhere. `title` defaults to
    the scenarios' ids. Pure: the same stories give the same text, to the byte."""
    style, script = _beside("page.css"), _beside("shapes.js") + _beside("page.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title or ", ".join(story.id for story in stories) or "nothing was run",
            policy=policy,
            style=Markup(style),
            script=Markup(script),
            runs=[_run(story, f"run-{number}") for number, story in enumerate(stories, 1)],
            capture=None if capture is None else f"./{quote(capture)}",
        )
        + "\n"
    )


def _run(story: Story, anchor: str) -> Run:
    drawn = sheet(story)
    texts = [written(line.row) for line in drawn.lines]
    here = layout(drawn, texts)
    counts = _counts(story)
    return Run(
        anchor=anchor,
        story=story,
        verdict=_verdict_class(story.verdict),
        counts=counts,
        steps=story.steps,
        printed=tuple(_printed(story)),
        heads=Markup(heads_svg(drawn, here)),
        ladder=Markup(ladder_svg(drawn, here, texts, f"{counts}, in order of time")),
        topology=Markup(hosts_svg(story)),
        records=Markup(packed(records(drawn, texts))),
        files=_only_in(drawn, FILES),
        calls_left_out=drawn.calls_left_out,
        noise=_only_in(drawn, NOISE),
        is_empty=not drawn.lines,
        is_wide=len(set(here.xs.values())) > _MOST_BESIDE,
    )


def _only_in(drawn: Sheet, layer: int) -> int:
    """How many events only views with this layer show."""
    return len({line.event for line in drawn.lines if line.views == views_with(layer) and line.row.kind != "gap"})


def _counts(story: Story) -> str:
    words = [counted(len(story.steps), "step"), counted(len(story.calls), "system call")]
    return ", ".join([*words, counted(len(story.packets), "packet")])


def _printed(story: Story) -> Iterator[Printed]:
    """Programs in the story's order; those that printed nothing too, for that is something to know."""
    for number, lane in enumerate(story.lanes):
        if not lane.program:
            continue
        texts = {"stdout": "", "stderr": ""}
        for output in story.outputs:
            if output.lane == number:
                texts[output.stream] = texts.get(output.stream, "") + output.text
        streams = tuple(
            (stream, tuple(lines_of(shortened(text, MOST_PRINTED)))) for stream, text in texts.items() if text
        )
        yield Printed(lane.program, lane.host, lane.command, streams)


def _verdict_class(verdict: str) -> str:
    return verdict.replace(" ", "-") if verdict in _KNOWN_VERDICTS else "unknown"


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


@cache
def _beside(name: str) -> str:
    return (files(_ROOM) / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader(_ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["lines"] = lines_of
    found.filters["flowing"] = flowing
    found.filters["verdict_class"] = _verdict_class
    return found
