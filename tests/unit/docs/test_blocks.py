"""A page of Markdown -> its blocks with their marks; what can't be a page is told with its line."""

from __future__ import annotations

import pytest

from tests.live.docs.blocks import INDENTED, BadPage, Block, blocks_of
from tests.live.docs.kinds import nobody_runs, not_used


def blocks(page: str) -> list[Block]:
    return blocks_of(page, "x.md")


def test_a_fence_is_a_block_with_its_line_and_without_its_indentation() -> None:
    assert blocks("a\n\n  ```yaml\n  b:\n    c\n  ```\nd") == [Block("yaml", "b:\n  c\n", 3)]


def test_longer_fences_hold_shorter_ones() -> None:
    assert [block.text for block in blocks("````text\n```yaml\n```\n````")] == ["```yaml\n```\n"]


def test_indented_code_is_a_block_too() -> None:
    assert blocks("a\n\n    b\n\n    c\nd") == [Block(INDENTED, "b\n\nc\n", 3)]


def test_what_goes_on_in_a_list_is_no_code() -> None:
    assert blocks("- a\n\n    b\n") == []


def test_marks_stand_before_their_block_only() -> None:
    page = "<!-- file: a.py -->\n\n<!-- exit: 1 -->\n```python\n```\n```python\n```"

    assert [block.marks for block in blocks(page)] == [{"file": "a.py", "exit": "1"}, {}]


def test_a_mark_of_several_lines_keeps_its_text() -> None:
    (block,) = blocks("<!-- within:\nsteps:\n  …\n-->\n```yaml\n```")

    assert block.marks == {"within": "steps:\n  …"}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("```yaml\n", "x.md:1: a block begins here"),
        ("a\n\n<!-- flie: b -->\n```c\n```", "x.md:3: 'flie' is no mark"),
        ("<!-- not run: -->\n```c\n```", "x.md:1: 'not run' needs a value"),
        ("<!-- not run: no\n", "x.md:1: a comment begins here"),
        ("<!-- exit: 1 -->\nwords\n", "x.md:2: 'exit' stands before no block"),
        ("<!-- exit: 1 -->", "'exit' stands before no block"),
    ],
)
def test_what_is_wrong_with_a_page_is_told(page: str, words: str) -> None:
    with pytest.raises(BadPage, match=words):
        blocks(page)


@pytest.mark.parametrize("kind", ["", "text", INDENTED, "dockerfile", "rust", "bash"])
def test_a_kind_that_nobody_runs_is_told(kind: str) -> None:
    assert nobody_runs(Block(kind, "a\n", 1)) is not None
    assert nobody_runs(Block(kind, "a\n", 1, {"not run": "a drawing"})) is None


def test_a_file_that_nothing_uses_is_told() -> None:
    file = Block("python", "a\n", 7, {"file": "demo/test_a.py"})
    used = Block("console", "$ pytest demo\n", 9)

    assert not_used([file]) == ["7: nothing after it uses demo/test_a.py"]
    assert not_used([used, file]) == ["7: nothing after it uses demo/test_a.py"]
    assert not_used([file, used]) == []
