"""The schema beside the scenarios is the language's, takes all of them, and refuses what it can know to be wrong."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labctl.scenario.problems import ScenarioError
from labctl.scenario.schema import modeline, schema, schema_text
from labctl.scenario.yaml.plain import plain
from labctl.scenario.yaml.tree import read_tree

jsonschema = pytest.importorskip("jsonschema")

TOP = Path(__file__).parents[3]
KEPT = TOP / "scenarios" / "schema.json"
SHIPPED = sorted((TOP / "scenarios").rglob("*.yaml"))
GOLDEN = sorted((TOP / "tests" / "golden" / "scenario").glob("*.yaml"))
VALIDATOR = jsonschema.Draft7Validator(schema())


def schemas(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:  # Any: JSON is whatever JSON is
    """Every map in a schema, with the way to it."""
    if isinstance(schema, dict):
        yield path, schema
    for name, inner in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if isinstance(inner, dict | list):
            yield from schemas(inner, f"{path}/{name}")


def accepted(file: Path) -> bool:
    """Whether the schema has nothing against it; a file that is no YAML for us is none for an editor either."""
    try:
        return bool(VALIDATOR.is_valid(plain(read_tree(file).root)))
    except ScenarioError:
        return False


def test_the_schema_beside_the_scenarios_is_the_languages() -> None:
    assert KEPT.read_text() == schema_text(), "run `labctl schema > scenarios/schema.json`"
    assert json.loads(KEPT.read_text()) == schema()


UNKNOWABLE = frozenset(Path(__file__).with_name("unknowable.txt").read_text().split())
"""What takes more than shapes and words: which hosts and programs there are and when, sums, files, other languages."""


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_scenario_names_the_schema_and_is_accepted_by_it(file: Path) -> None:
    assert file.read_text().split("\n")[0] == modeline(os.path.relpath(KEPT, file.parent))
    assert accepted(file)


def test_what_a_schema_can_know_to_be_wrong_is_refused() -> None:
    assert {file.stem for file in GOLDEN if accepted(file)} == UNKNOWABLE


def test_an_editor_can_say_something_of_every_key_and_verb() -> None:
    for path, found in schemas(schema()):
        parent, _, name = path.rpartition("/")
        if parent.endswith("/properties") and not {"if", "sysctls", "then"} & set(path.split("/")):
            assert len(found.get("description", "")) > 8, f"{path} has no description"
            assert not found["description"].endswith("."), name
    step = schema()["properties"]["steps"]["items"]
    for rule in step["allOf"]:
        verb = rule["then"]["title"]
        keys = rule["then"]["properties"]
        assert all(keys[key]["description"] for key in keys)
        assert step["properties"][verb]["description"] == keys[verb]["description"]


def test_nothing_lies_elsewhere() -> None:
    assert not [path for path, found in schemas(schema()) if "$ref" in found or "$id" in found]


def test_every_pattern_is_one_in_javascript_too() -> None:
    """It reads them with its flag `u`, where only what must be escaped may be."""
    patterns = [found["pattern"] for _, found in schemas(schema()) if isinstance(found.get("pattern"), str)]
    patterns += [key for _, found in schemas(schema()) for key in found.get("patternProperties", {})]

    assert len(set(patterns)) > 8
    for pattern in set(patterns):
        re.compile(pattern)
        assert not re.search(r"\\[^$^\\.*+?()\[\]{}|/dDwWsSbB]", pattern), pattern
        assert not re.search(r"\(\?(?!:)|[*+?}]\+", pattern), pattern
