"""YAML 1.2 text becomes a tree in which every scalar is the text on the page, with its place."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from labctl.scenario.problems import Position, ScenarioError
from labctl.scenario.yaml.tree import Mapping, Node, Scalar, Sequence, parse, read_tree

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.yaml"))


def texts(node: Node) -> object:
    """The tree without places."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [texts(item) for item in node.items]
    return {key.text: texts(value) for key, value in node.entries}


def tree(text: str) -> object:
    return texts(parse(text, "x.yaml").root)


def only_problem(text: str) -> str:
    with pytest.raises(ScenarioError) as raised:
        parse(text, "x.yaml")
    (problem,) = raised.value.problems
    return f"{problem.at}: {problem.message}"


@pytest.mark.parametrize(
    "text",
    ["on", "no", "22:22", "1:30", "010", "1e3", "1.10", "0x_", "0b_", "2026-13-45", "=", "9" * 5000],
)
def test_a_scalar_stays_the_text_on_the_page(text: str) -> None:
    assert tree(f"a: {text}") == {"a": text}


def test_a_key_stays_the_text_on_the_page() -> None:
    assert tree("{on: 1, no: 2, 22: 3}") == {"on": "1", "no": "2", "22": "3"}


def test_a_node_knows_where_it_stands() -> None:
    root = parse("a:\r\n  - é: [b, 'c']\r\n", "x.yaml").root
    assert isinstance(root, Mapping)
    (_, items) = root.entries[0]
    assert isinstance(items, Sequence)
    first = items.items[0]
    assert isinstance(first, Mapping)
    (key, value) = first.entries[0]
    assert isinstance(value, Sequence)

    assert key.at == Position("x.yaml", 2, 5)
    assert value.at == Position("x.yaml", 2, 8)
    assert [item.at.column for item in value.items] == [9, 12]


def test_quotes_are_remembered() -> None:
    root = parse("[a, 'b', \"c\"]", "x.yaml").root
    assert isinstance(root, Sequence)

    assert [item.plain for item in root.items if isinstance(item, Scalar)] == [True, False, False]


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_is_what_yaml_1_2_calls_null(text: str) -> None:
    root = parse(f"- {text}", "x.yaml").root
    assert isinstance(root, Sequence)
    (item,) = root.items
    assert isinstance(item, Scalar)

    assert item.is_null


def test_a_quoted_null_is_a_text() -> None:
    root = parse("'null'", "x.yaml").root

    assert isinstance(root, Scalar)
    assert not root.is_null


def test_a_block_text_keeps_its_lines_whatever_ends_them() -> None:
    assert tree("a: |\r\n  one\r\n  two\r\n") == {"a": "one\ntwo\n"}


def test_an_alias_is_the_same_value_again() -> None:
    assert tree("- &a {x: 1}\n- *a") == [{"x": "1"}, {"x": "1"}]


def test_duplicate_keys_are_all_told_and_the_first_one_stays() -> None:
    result = parse("a: 1\nb: 2\na: 3\nb: 4\n", "x.yaml")

    assert texts(result.root) == {"a": "1", "b": "2"}
    assert [problem.at.line for problem in result.problems] == [3, 4]


def test_a_tag_is_a_problem_and_its_value_stays() -> None:
    result = parse("a: !!int x", "x.yaml")

    assert texts(result.root) == {"a": "x"}
    assert [str(problem.at) for problem in result.problems] == ["x.yaml:1:4"]


def test_a_tree_may_be_32_deep_and_no_deeper() -> None:
    assert tree("[" * 32 + "]" * 32)
    assert "nested deeper than 32" in only_problem("[" * 33 + "]" * 33)


def test_an_alias_counts_with_its_depth() -> None:
    assert "nested deeper than 32" in only_problem("- &a " + "[" * 20 + "]" * 20 + "\n- " + "[" * 20 + "*a" + "]" * 20)


def test_a_tree_may_hold_10_000_values_and_no_more() -> None:
    assert tree("[" + "x," * 9_999 + "]")
    assert "more than 10,000 values" in only_problem("[" + "x," * 10_000 + "]")


def test_an_alias_counts_with_all_that_it_holds() -> None:
    bomb = "- &a [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(
        f"- &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert "more than 10,000 values" in only_problem(bomb)


def test_an_alias_within_its_own_anchor_is_a_problem() -> None:
    assert only_problem("&x [*x]") == "x.yaml:1:5: the alias '*x' stands within its own anchor"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        "{" * 60_000,
        "- " * 30_000,
        "? " * 30_000,
        "a: " * 20_000,
        '"' + "\\n" * 30_000,
        "&a " * 20_000,
    ],
)
def test_no_text_of_64_kib_takes_long(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(ScenarioError):
        parse(text, "x.yaml")

    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["%YAML 1.1\n--- a", "%YAML 9.9\n--- a", "%TAG !e! tag:x,\n--- a"])
def test_directives_other_than_yaml_1_2_are_refused(text: str) -> None:
    assert only_problem(text).startswith("x.yaml:1:1: ")


def test_the_directive_of_yaml_1_2_is_taken() -> None:
    assert tree("%YAML 1.2\n---\na: b") == {"a": "b"}


def test_problems_before_a_syntax_error_are_told_with_it() -> None:
    with pytest.raises(ScenarioError) as raised:
        parse("a: 1\na: 2\nb: [\n", "x.yaml")

    assert len(raised.value.problems) == 1 or raised.value.problems[-1].at.line == 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_without_libyaml_the_tree_is_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = texts(read_tree(path).root)
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)

    assert texts(read_tree(path).root) == fast
