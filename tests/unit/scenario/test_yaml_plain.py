"""Plain values follow YAML 1.2's core schema; merge keys are taken, and cost no more than their size."""

from __future__ import annotations

import math

import pytest

from labctl.scenario.problems import ScenarioError
from labctl.scenario.yaml.plain import plain
from labctl.scenario.yaml.tree import parse


def value(text: str) -> object:
    return plain(parse(text, "x.yaml").root)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", None),
        ("~", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("010", 10),
        ("-12", -12),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
    ],
)
def test_a_plain_scalar_is_typed_by_the_core_schema(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    ["on", "no", "yes", "22:22", "1_000", "0b1", "2026-01-01", "1.2.3", "0o8", "+0x1", "e3", "9" * 5000],
)
def test_whatever_else_looks_like_a_type_stays_text(text: str) -> None:
    assert value(text) == text


def test_a_quoted_scalar_stays_text() -> None:
    assert value("['1', \"true\", '']") == ["1", "true", ""]


def test_not_a_number_is_a_float() -> None:
    number = value(".nan")

    assert isinstance(number, float)
    assert math.isnan(number)


def test_keys_stay_texts() -> None:
    assert value("{1: a, true: b, on: c}") == {"1": "a", "true": "b", "on": "c"}


def test_a_merge_key_adds_what_is_not_on_the_page() -> None:
    assert value("- &a {x: 1, y: 2}\n- {<<: *a, x: 3}") == [{"x": 1, "y": 2}, {"x": 3, "y": 2}]


def test_of_several_merged_maps_the_first_wins() -> None:
    assert value("{<<: [{x: 1}, {x: 2, y: 2}]}") == {"x": 1, "y": 2}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert value('{"<<": {x: 1}}') == {"<<": {"x": 1}}


def test_only_maps_are_merged() -> None:
    with pytest.raises(ScenarioError, match="merges maps"):
        value("{<<: [1, 2]}")


def test_doubling_merge_keys_end_at_the_limit_of_the_tree() -> None:
    doubling = "- &a {k: v}\n" + "".join(
        f"- &{new} {{<<: [*{old}, *{old}], k{new}: v}}\n"
        for old, new in zip("abcdefghijkl", "bcdefghijklm", strict=True)
    )

    with pytest.raises(ScenarioError, match="more than 10,000 values"):
        value(doubling + "- &n {<<: [*m, *m]}\n")
