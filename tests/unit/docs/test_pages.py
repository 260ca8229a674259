"""Blocks that don't come out as their page says are told, each with its line; those that do are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.docs.blocks import BadPage, blocks_of
from tests.live.docs.ci_files import check_ci
from tests.live.docs.kinds import Page
from tests.live.docs.place import Place


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with Place("netns") as place:
        yield place


def run(text: str, place: Place) -> None:
    place.go("")
    page = Page("x.md", place)
    for block in blocks_of(text, "x.md"):
        page.take(block)
    page.finish()


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo a\na\n$ cat compose.yaml\n```",
        "<!-- exit: 3 -->\n```console\n$ true\n$ sh -c 'exit 3'\n```",
        "```console\n$ mkdir -p here && cd here\n$ export A=b\n```\n```console\n$ basename $PWD$A\nhereb\n```",
        "<!-- file: a/b.py -->\n```python\nprint(4)\n```\n<!-- in: a -->\n```console\n$ python b.py\n4\n```",
        "<!-- typed: hello -->\n```console\n$ cat\nhello\n```",
        "<!-- window: test -e there -->\n```console\n$ touch there; until test -e on; do sleep 0.1; done; echo a\na\n"
        "```\n```console\n$ touch on\n```",
        "```python\nassert 1\n```",
        "```python\ndef test_a():\n    assert 1\n```",
        "```c\nint main(void) { return 0; }\n```",
        '```json\n{"a": 1}\n```',
        "```toml\na = 1\n```",
        "<!-- only on docker: no daemon -->\n```console\n$ false\n```",
        "<!-- not run: a drawing -->\n```text\na\n```",
    ],
)
def test_what_comes_out_is_right(text: str, place: Place) -> None:
    run(text, place)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n```console\n$ true\n$ false\n```", "x.md:4: it ended with 1, not 0"),
        ("<!-- exit: 1 -->\n```console\n$ true\n```", "x.md:3: it ended with 0, not 1"),
        ("```console\n$ echo a\nb\n```", "x.md:2: on netns, the page shows 'b', and there came 'a'"),
        ("<!-- only on netns: x -->\n```console\n$ false\n```", "x.md:3: it ended with 1"),
        ("<!-- window: true -->\n```console\n$ sh -c 'exit 4'\n```", "x.md:2: it ended with 4"),
        ("```python\nassert 0\n```", "x.md:1: it ended with 1"),
        ("```python\ndef test_a():\n    assert 0\n```", "x.md:1: it ended with 1"),
        ("```c\nint main(void) { retrun 0; }\n```", "x.md:1: .*error"),
        ("```json\n{a: 1}\n```", "x.md:1: "),
        ("```toml\na\n```", "x.md:1: "),
        ("```yaml\nsteps: [{on: a, rnu: b}]\n```", "x.md:1: it ended with 2"),
        ("```yaml\na: b\n```", "x.md:1: neither a scenario"),
        ("```yaml\n- wait: server\n```", "x.md:1: neither a scenario"),
        ("```yaml\nscript: {script: [labctl rnu]}\n```", "x.md:1: labctl rnu: labctl has no command rnu"),
        ("```yaml\na: {script: [labctl run --jnuit x]}\n```", "x.md:1: labctl run --jnuit x: No such option"),
    ],
)
def test_what_comes_out_wrong_is_told_with_its_line(text: str, words: str, place: Place) -> None:
    with pytest.raises(BadPage, match=f"(?s)^{words}"):
        run(text, place)


def test_commands_of_a_workflow_are_looked_at() -> None:
    step = {"run": "pip install .\nlabctl run -k tcp scenarios/ && echo done"}

    assert check_ci({"on": "push", "jobs": {"a": {"runs-on": "ubuntu-latest", "steps": [step]}}}) is None
