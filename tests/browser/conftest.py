"""A browser for tests of pages: skipped where there is none, for what it shows can't be seen without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labctl.observe.story import Story
from labctl.report.html.page import page
from tests.browser.chromium import Tab, chromium, program

Opened = Callable[..., float]


@pytest.fixture(scope="session")
def browser() -> Iterator[Tab]:
    """A tab of headless Chromium, for all tests."""
    path = program()
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with chromium(path) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Tab:
    """The tab, 1400 pixels wide, light."""
    browser.resize(1400, 900)
    browser.prefer("light")
    return browser


@pytest.fixture
def opened(tab: Tab, tmp_path: Path) -> Opened:
    """Opens the page about stories; how many seconds that took."""

    def open_page(*stories: Story) -> float:
        file = tmp_path / "page.html"
        file.write_text(page(stories, capture="capture.pcapng"), encoding="utf-8")
        return tab.open(file)

    return open_page
