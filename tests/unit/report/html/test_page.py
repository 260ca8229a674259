"""The page: one file, everything of others escaped, the same stories to the same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from labctl.observe.story import HostSeen, Story
from labctl.report.html.page import MOST_PRINTED, page
from labctl.scenario.problems import printable
from tests.unit.report.html.reading import Read
from tests.unit.report.stories import BARE, BASIC, HOSTILE, HOSTILE_TEXT, IMPAIRED, LOST, STORIES, crowd
from tests.unit.report.telling import Telling

VOID = {"meta", "input"}
OURS = {
    "html", "head", "meta", "title", "style", "body", "svg", "defs", "marker", "pattern", "path", "circle", "rect", "g",
    "text", "tspan", "nav", "main", "article", "header", "h1", "h2", "h3", "p", "a", "b", "i", "ul", "ol", "li", "div",
    "section", "aside", "figure", "label", "input", "span", "button", "script", "pre", "details", "summary", "code",
}  # fmt: skip


def read(*stories: Story, capture: str | None = None) -> Read:
    """The page about these stories, as a parser finds it."""
    return Read(page(stories, capture=capture))


@pytest.mark.parametrize("name", STORIES)
def test_the_same_story_gives_the_same_bytes(name: str) -> None:
    """Nothing in a page depends on when or how often it is made."""
    assert page([STORIES[name]]) == page([STORIES[name]])


@pytest.mark.parametrize("name", STORIES)
def test_a_page_needs_nothing_from_elsewhere(name: str) -> None:
    """No element fetches anything, and no style or handler stands in an attribute, where the policy forbids it."""
    found = read(STORIES[name], capture="capture.pcapng")

    for tag, has in found.elements:
        assert not has.keys() & {"src", "srcset", "style", "data"}, tag
        assert not any(attribute.startswith("on") for attribute in has), tag
        assert tag == "a" or "href" not in has
    assert all(
        re.fullmatch(r"#[\w-]+", url) for text in found.texts("style") for url in re.findall(r"url\((.*?)\)", text)
    )
    assert "@import" not in "".join(found.texts("style"))


def test_the_policy_allows_the_pages_own_style_and_script_only() -> None:
    """Each is allowed by its hash; nothing else is."""
    found = read(BASIC)
    (policy,) = found.attributes("meta", **{"http-equiv": "Content-Security-Policy"})

    def hashed(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    (style,) = found.texts("style")
    assert policy["content"] == (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(found.texts('script')[-1])}; "
        "base-uri 'none'; form-action 'none'"
    )


def test_a_text_that_is_markup_is_shown_as_text() -> None:
    """A program that prints `<script>` shows `<script>`, wherever on the page it stands."""
    found = read(HOSTILE)
    shown = printable(HOSTILE_TEXT)

    assert len(found.attributes("script")) == 2
    assert found.comments == []
    assert {tag for tag, _ in found.elements} <= OURS
    for tag in ("title", "h1", "p", "li", "pre", "code", "b"):
        assert any(shown in text for text in found.texts(tag)), tag
    assert any("<script>document.title=" in text for text in found.texts("text"))
    assert any("<script>document.title=" in has.get("aria-label", "") for has in found.attributes("svg"))


def test_an_open_lab_is_said_to_be_open() -> None:
    """And a closed one is not."""
    assert "allow: internet" not in page([HOSTILE])
    assert "This lab was open" in page([replace(HOSTILE, is_open=True)])


def test_what_cannot_be_seen_is_written_out() -> None:
    """No control character, no invisible one that turns or breaks lines, stands in the page."""
    text = page([HOSTILE])

    assert not [character for character in text if not character.isprintable() and character not in "\n\u2002"]
    assert "\\x1b[31m\\x00\\u202e" in text


@settings(max_examples=60, deadline=None)
@given(some.text(max_size=60))
def test_no_text_can_make_an_element(text: str) -> None:
    """Whatever is printed, named and asked: elements and attributes are the page's own."""
    told = Telling(HostSeen(text, (text,)))
    lane = told.lane(text, text, text)
    told.step(0, 5, text, text, text, text)
    told.packet(lane, 6, (), text, text, notes=(text,), text=text)
    told.call(lane, 7, 8, f"write({text})", "-1 E (x)", socket=text)
    told.output(lane, 9, text)
    told.end(lane, 10, text)
    found = read(told.story(text, text, text, reason=text, engine=text, problems=(text,)), capture=text)

    assert {tag for tag, _ in found.elements} <= OURS
    assert not {name for _, has in found.elements for name in has if name.startswith(("on", "style", "src"))}
    assert all(has["href"].startswith("./") for has in found.attributes("a"))


def test_a_page_says_what_was_claimed_and_what_came() -> None:
    """Verdict, reason, claim, engine; each step with its verdict, note and complaints."""
    found = read(LOST)

    assert "FAIL" in found.texts("b")
    assert "NOT RUN" in found.texts("b")
    said = found.texts("p")
    assert "step 4: dropped: expected [2, 5], came [2, 4]" in said
    assert "Of five datagrams two are lost." in said
    assert "dropped: expected [2, 5], came [2, 4]" in said
    assert "The network knows what became of them." in said
    assert any(text.startswith("on netns: 5 steps, 13 system calls, 5 packets") for text in said)


def test_outputs_stand_whole_under_their_program() -> None:
    """What a program printed in pieces is one text, stream by stream."""
    found = read(BASIC, IMPAIRED)

    assert "Please enter the message: I got your message" in found.texts("pre")
    assert {"class": "bad"} in found.attributes("pre")
    assert "ERROR reading from socket" in found.texts("pre")


def test_of_a_flood_of_output_there_is_the_beginning_and_the_end() -> None:
    """A program that prints without end makes no page that can't be opened, and what is missing is counted."""
    told = Telling(HostSeen("a", ()))
    told.output(told.lane("a", "yes", "yes"), 1, "first\n" + "y\n" * MOST_PRINTED + "last\n")
    text = page([told.story("x", "", "")])
    (printed,) = Read(text).texts("pre")

    assert printed.startswith("first\ny\n")
    assert printed.endswith("y\nlast")
    assert f"… {MOST_PRINTED + 11} characters …" in printed
    assert len(text) < 400_000


def test_the_scenario_stands_there_line_by_line() -> None:
    """Every line is a line of a numbered list, with its blanks."""
    assert "\n".join(read(BASIC).texts("code")) == BASIC.text.replace("\n\n", "\n").removesuffix("\n")


def test_problems_of_the_record_are_said() -> None:
    """Whoever reads a page knows what is missing from it."""
    found = read(IMPAIRED)

    assert "Not all of it is here" in found.texts("h2")
    assert "the capture was cut at 64 MiB: packets after 1.036 s are missing" in found.texts("li")
    assert "Not all of it is here" not in read(BASIC).texts("h2")


@pytest.mark.parametrize(
    ("capture", "href"),
    [("capture.pcapng", "./capture.pcapng"), ("../a b/c#1.pcapng", "./../a%20b/c%231.pcapng"), ("a:b", "./a%3Ab")],
)
def test_the_capture_is_linked_by_where_it_is(capture: str, href: str) -> None:
    """What means something in an address is spelled so that it doesn't."""
    assert read(BASIC, capture=capture).attributes("a") == [{"href": href}]


def test_without_a_capture_there_is_no_link() -> None:
    """A page about nothing recorded promises no packets."""
    assert read(BASIC).attributes("a") == []


def test_a_run_that_never_began_has_a_page() -> None:
    """Where nothing was recorded that is said, and why."""
    found = read(BARE)

    assert "Nothing was recorded." in found.texts("p")
    assert "the lab could not be built" in found.texts("p")
    assert "UNKNOWN" in found.texts("b")


def test_no_stories_make_a_page_that_says_so() -> None:
    """An empty run is no error."""
    assert "Nothing was run." in read().texts("p")


def test_several_runs_are_on_one_page_each_with_its_place() -> None:
    """A list leads to each."""
    found = read(BASIC, LOST, BARE)

    assert [has["href"] for has in found.attributes("a")] == ["#run-1", "#run-2", "#run-3"]
    assert [has["id"] for has in found.attributes("article")] == ["run-1", "run-2", "run-3"]
    assert len(found.records()) == 3


def test_elements_are_closed_and_ids_are_given_once() -> None:
    """What a browser needn't repair: as many ends as beginnings of what has ends."""
    text = page([BASIC, IMPAIRED])
    found = Read(text)
    ids = [has["id"] for _, has in found.elements if "id" in has]

    assert len(ids) == len(set(ids))
    for tag in {tag for tag, _ in found.elements} - VOID:
        begun, ended = len(re.findall(rf"<{tag}[ >]", text)), text.count(f"</{tag}>")
        closed_at_once = len(re.findall(rf"<{tag}(?: [^<>]*)?/>", text))
        assert begun == ended + closed_at_once, tag


def test_ten_thousand_packets_and_calls_take_less_than_five_megabytes() -> None:
    """A page about a large run can still be sent to somebody."""
    story = crowd(400, calls=26, packets=25)
    assert len(story.calls) >= 10_000
    assert len(story.packets) >= 10_000

    assert len(page([story]).encode()) < 5_000_000


def test_nobody_pays_for_the_page_who_does_not_ask_for_it() -> None:
    """The command line can be imported without the template engine."""
    check = "import sys, labctl.cli.commands; sys.exit('jinja2' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
