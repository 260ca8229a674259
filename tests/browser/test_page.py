"""The page in a browser: what a reader sees, clicks and types. Nothing complains, nothing of others runs."""

from __future__ import annotations

import json
import re

import pytest

from labctl.observe.story import Story
from tests.browser.chromium import Tab
from tests.browser.conftest import Opened
from tests.unit.report.stories import BASIC, HOSTILE, IMPAIRED, LOST, STORIES, crowd

SHAPES = """JSON.stringify([...document.querySelectorAll('.part > g:not(.h)')].map(g => [
  g.getAttribute('transform'), ...[...g.querySelectorAll('path, text')].map(e =>
    [e.getAttribute('d'), e.getAttribute('x'), e.getAttribute('class')])]))"""


def mark(tab: Tab, words: str) -> str:
    """A selector for the line that has these words; it is marked for that."""
    tab.run(
        "[...document.querySelectorAll('.part > g:not(.h)')].find("
        f"g => g.textContent.includes({json.dumps(words)})).dataset.mark = 'it'"
    )
    return "[data-mark=it] text:nth-of-type(2)"


def shown(tab: Tab, words: str) -> int:
    """How many lines have these words and are seen."""
    return int(
        tab.run(
            "[...document.querySelectorAll('.part > g')].filter(g => g.getClientRects().length > 0 &&"
            f" g.textContent.includes({json.dumps(words)})).length"
        )
    )


def in_detail(tab: Tab, selector: str) -> str:
    """What a part of the details says; empty where they aren't seen."""
    return str(tab.run(f"document.querySelector('.detail:not([hidden]) {selector}')?.textContent ?? ''"))


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_without_complaint(name: str, scheme: str, tab: Tab, opened: Opened) -> None:
    """No script throws, no policy is broken, in light and in dark, and the page has that scheme's ground."""
    tab.prefer(scheme)
    opened(STORIES[name])
    ground = tab.run("getComputedStyle(document.body).backgroundColor")

    assert tab.complaints() == []
    assert (sum(map(int, re.findall(r"\d+", ground))) > 384) == (scheme == "light")


def test_a_click_shows_all_of_an_event(tab: Tab, opened: Opened) -> None:
    """Its full line, when and where it was, and what it is tied to."""
    opened(BASIC)
    assert in_detail(tab, ".full") == ""
    tab.click(mark(tab, "DATA 6"))

    assert in_detail(tab, ".full").startswith("TCP 10.51.0.3:40112 -> 10.51.0.2:51717: [PSH, ACK] seq 1 ack 1")
    assert "client on client → server on cheerios" in in_detail(tab, ".when")
    assert in_detail(tab, ".ties h3") == "Calls that it belongs to"
    assert 'write(3<TCP:[8140]>, "hello\\n", 6) = 6' in in_detail(tab, ".ties ul")
    assert tab.complaints() == []


def test_what_belongs_together_is_marked_together(tab: Tab, opened: Opened) -> None:
    """The segment, the write that it carried and the read that returned it; a click on a tie goes there."""
    opened(BASIC)
    tab.click(mark(tab, "DATA 6"))
    tied = tab.run("[...document.querySelectorAll('.part > .tied')].map(g => g.textContent).join('|')")
    tab.click(".ties li:first-child button")

    assert all(words in tied for words in ("DATA 6", "write(3", "read(4) …", "read → 6"))
    assert in_detail(tab, ".full").startswith(("write(3", "read(4"))
    assert in_detail(tab, ".ties h3") == "Packets that belong to it"


def test_the_keyboard_reaches_every_event(tab: Tab, opened: Opened) -> None:
    """Arrow keys go from one to the next, Enter opens, Escape closes, and what has the focus has a name."""
    opened(BASIC)
    tab.run("document.querySelector('.box').focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        tab.press(key)
    name = tab.run("document.activeElement.getAttribute('aria-label')")
    assert in_detail(tab, ".full") == ""
    tab.press("Enter")

    assert name.startswith("execve(")
    assert in_detail(tab, ".full") == name
    tab.press("End")
    assert in_detail(tab, "h2").startswith("4")
    tab.press("Escape")
    assert in_detail(tab, ".full") == ""


def test_what_the_link_says_comes_and_goes(tab: Tab, opened: Opened) -> None:
    """With its lane; and afterwards all is where it was: the script computes what Python did."""
    opened(BASIC)
    before = tab.run(SHAPES)
    tab.click(".tools .noise")
    assert shown(tab, "who has 10.51.0.2?") == 1
    assert tab.run("document.querySelector('.heads .l1').getClientRects().length") == 1
    tab.click(".tools .files")
    assert shown(tab, "exit_group(0)") == 2
    tab.click(".tools .noise")
    tab.click(".tools .files")

    assert shown(tab, "who has") == 0
    assert tab.run(SHAPES) == before


@pytest.mark.parametrize("story", [LOST, IMPAIRED, HOSTILE, crowd(30)], ids=["lost", "impaired", "hostile", "crowd"])
def test_python_and_script_place_alike(story: Story, tab: Tab, opened: Opened) -> None:
    """Laid out anew by the script, without a change, every line is where Python drew it."""
    opened(story)
    before = tab.run(SHAPES)
    tab.run("document.querySelector('.tools').dispatchEvent(new Event('change'))")

    assert tab.run(SHAPES) == before


def test_lanes_unfold_and_fold(tab: Tab, opened: Opened) -> None:
    """A group is one lane at first; a click on its head gives each its own, a click on one of them folds them."""
    opened(crowd(30))
    before = tab.run(SHAPES)
    assert tab.run("[...document.querySelectorAll('.head')].filter(h => h.getClientRects().length).length") == 2
    tab.click(".heads .fold")
    places = tab.run("[...document.querySelectorAll('.head.one')].map(h => Math.round(h.getBoundingClientRect().x))")
    assert len(set(places)) == 30
    tab.click(".heads .l2")

    assert tab.run("[...document.querySelectorAll('.head')].filter(h => h.getClientRects().length).length") == 2
    assert tab.run(SHAPES) == before


def test_one_conversation_can_be_seen_alone(tab: Tab, opened: Opened) -> None:
    """What is of others goes, steps stay; and comes back."""
    opened(crowd(30))
    all_of_them = shown(tab, "SYN")
    tab.click(mark(tab, "client-7: SYN"))
    tab.click(".tools .only")
    alone, steps = shown(tab, "SYN"), shown(tab, "start server-fork")
    tab.click(".tools .only")

    assert (all_of_them, alone, steps, shown(tab, "SYN")) == (30, 1, 1, 30)


def test_a_drawing_can_be_zoomed(tab: Tab, opened: Opened) -> None:
    """Larger, smaller, as it was; heads and lines alike."""
    opened(BASIC)
    sizes = "['.heads', '.part', '.under'].map(s => document.querySelector(s).getBoundingClientRect().width)"
    before = tab.run(sizes)
    tab.click(".zoom .in")
    larger = tab.run(sizes)
    tab.click(".zoom .as-is")

    assert larger == [width * 1.25 for width in before]
    assert tab.run(sizes) == before


def test_what_a_program_printed_did_not_run(tab: Tab, opened: Opened) -> None:
    """It is there to be read, in the drawing, beside it and in the details; the page's title is its own."""
    opened(HOSTILE)
    tab.click(mark(tab, "gets SIG"))

    assert "<script>document.title='owned'" in in_detail(tab, ".full")
    assert tab.run("document.title").startswith("<script>document.title='owned'</script>")
    assert tab.run("document.scripts.length") == 2
    assert "<script>document.title='owned'</script>" in tab.run("document.querySelector('.printed pre').textContent")
    assert tab.complaints() == []


@pytest.mark.parametrize("name", STORIES)
def test_on_a_phone_the_page_does_not_scroll_sideways(name: str, tab: Tab, opened: Opened) -> None:
    """At 390 pixels only the ladder does, in its own box, under heads that stay."""
    tab.resize(390, 844, is_phone=True)
    opened(STORIES[name])

    assert tab.run("document.documentElement.scrollWidth") == 390
    assert tab.run("window.innerWidth") == 390


def test_heads_stay_in_sight(tab: Tab, opened: Opened) -> None:
    """Whoever reads the end of a long ladder still sees whose lanes they are."""
    opened(crowd(30))
    tab.run("document.querySelector('.box').scrollTop = 3000")
    box, heads = (tab.run(f"document.querySelector('{one}').getBoundingClientRect().top") for one in (".box", ".heads"))

    assert 0 <= heads - box <= 2


def test_a_page_can_be_read_without_script(tab: Tab, opened: Opened) -> None:
    """All that is seen at first is there; what only a script can do isn't offered."""
    tab.without_scripts(True)
    try:
        opened(BASIC)
        assert tab.complaints() == []
    finally:
        tab.without_scripts(False)
    assert shown(tab, "SYN ACK") == 1
    assert tab.run("document.querySelector('.tools').getClientRects().length") == 0


def test_a_page_can_be_printed(tab: Tab, opened: Opened) -> None:
    """All of the ladder, on several sheets of paper."""
    opened(crowd(8))
    pages = len(re.findall(rb"/Type\s*/Page\b", tab.pdf()))

    assert pages > 3


def test_two_hundred_clients_open_in_two_seconds(tab: Tab, opened: Opened) -> None:
    """Loaded and drawn once; and unfolding all of them takes no longer."""
    story = crowd(200)
    took_s = min(opened(story) for _ in range(3))
    unfolded_ms = tab.run(
        "(() => { const began = performance.now(); document.querySelector('.fold').dispatchEvent("
        "new MouseEvent('click', {bubbles: true})); document.body.getBoundingClientRect();"
        " return performance.now() - began })()"
    )

    assert took_s < 2
    assert unfolded_ms < 2000
    assert tab.complaints() == []
