"""The JSON Schema of scenarios -> every key of the language in tables, for people to read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labctl.scenario.schema import schema

Json = dict[str, Any]  # Any: JSON is whatever JSON is


def reference() -> str:
    """Tables in Markdown: the keys at the top of a file, those of a step by its verb, and those of what they hold."""
    whole = schema()
    lines = [*_table("At the top of a file", whole["properties"])]
    inner: dict[tuple[str, str], None] = {}
    for name, value in whole["properties"].items():
        if name != "steps":
            inner |= dict.fromkeys(_within(value))
    for branch in whole["properties"]["steps"]["items"]["allOf"]:
        step = branch["then"]
        verb = step["title"]
        known = step["properties"]
        ordered = {verb: known[verb]} | {name: known[name] for name in known if name != verb}
        lines += _table(f"A step `{verb}`", ordered)
        for value in known.values():
            inner |= dict.fromkeys(_within(value))
    lines += ["### What they hold", "", "| key | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {_cell(about)} |" for name, about in sorted(inner)]
    return "\n".join(lines) + "\n"


def _table(title: str, keys: Json) -> list[str]:
    rows = [f"| `{name}` | {_cell(value.get('description', ''))} |" for name, value in keys.items()]
    return [f"### {title}", "", "| key | meaning |", "| --- | --- |", *rows, ""]


def _within(value: Any) -> Iterator[tuple[str, str]]:
    """Keys of the maps that a value can be, with what they mean; those of maps within these too."""
    if isinstance(value, list):
        for item in value:
            yield from _within(item)
    elif isinstance(value, dict):
        for name, inner in value.get("properties", {}).items():
            if isinstance(inner, dict) and _is_ours(inner.get("description", "")):
                yield name, inner["description"]
            yield from _within(inner)
        for word in ("anyOf", "oneOf", "allOf", "items", "additionalProperties", "then", "else"):
            yield from _within(value.get(word))


def _is_ours(about: str) -> bool:
    """Whether a key is the language's own, and not an attribute or argument of one of testinfra's modules."""
    return bool(about) and not about.startswith(("testinfra's `", "the process whose `"))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
