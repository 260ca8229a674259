"""On each engine: every block of README.md and of every page under docs/ comes out as the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from tests.live.docs.blocks import BadPage, Block, blocks_of
from tests.live.docs.kinds import Page, nobody_runs, not_used
from tests.live.docs.place import TOP, Place

PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(TOP))


def blocks(page: Path) -> list[Block]:
    return blocks_of(page.read_text(), name_of(page))


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@every_page
def test_every_block_is_run_by_somebody(page: Path) -> None:
    problems = [f"{name_of(page)}:{block.line}: {why}" for block in blocks(page) if (why := nobody_runs(block))]

    assert problems + [f"{name_of(page)}:{problem}" for problem in not_used(blocks(page))] == []


@every_page
def test_a_page_comes_out_as_it_says(page: Path, engine: Engine) -> None:
    assert problem(page, engine) is None


def problem(page: Path, engine: Engine) -> str | None:
    """What doesn't come out as the page says, in words."""
    with Place(engine.name) as place:
        running = Page(name_of(page), place)
        try:
            for block in blocks(page):
                running.take(block)
            running.finish()
        except BadPage as error:
            return str(error)
    return None
