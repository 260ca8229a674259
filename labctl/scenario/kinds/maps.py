"""A map with known keys -> its values; what is said of the unknown, the empty and the missing ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Key, Page, Values, Words
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar

Keys = Mapping[str, Key[Any]]  # Any: each key has a type of its own


def table(*keys: Key[Any]) -> dict[str, Key[Any]]:
    """Keys by their names, in the order given."""
    return {key.name: key for key in keys}


def read_map(node: MapNode, page: Page, keys: Keys, words: Words) -> Values:
    """Read each known key of a map; note the unknown, the empty and the missing ones."""
    values = Values(node)
    meant: set[str | None] = set()
    cut = _cut_at_commas(node, page, keys)
    for name, value in node.entries:
        key = keys.get(name.text)
        if name.text in cut:
            _note_comma(name, cut[name.text], page)
        elif key is None:
            meant.add(_note_unknown(name, page, keys, words))
        elif isinstance(value, Scalar) and value.is_null and not key.kind.may_be_empty:
            _note_empty(name, value, key, page)
        elif (got := key.kind.read(value, page)) is not None:
            values.put(name.text, got)
    for key in keys.values():
        if key.required and key.name not in values.nodes and key.name not in meant:
            page.wrong(node, f"'{key.name}' is missing", f"add `{key.name}: …`, {key.kind.title}")
    return values


def object_schema(keys: Keys, **more: object) -> dict[str, Any]:
    """The JSON Schema of a map with these keys and no others."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {**key.kind.schema, "description": key.about} for name, key in keys.items()},
        "additionalProperties": False,
    }
    if required := [name for name, key in keys.items() if key.required]:
        schema["required"] = required
    return schema | more


def _cut_at_commas(node: MapNode, page: Page, keys: Keys) -> dict[str, str | None]:
    """The keys that are no keys but the rest of a text with a comma: `{stderr: no, such host}`.

    The first of each row has the hint that shows the whole text in quotes, the others have none.
    """
    cut: dict[str, str | None] = {}
    if not node.flow:
        return cut
    key, text, first = "", "", ""
    for name, value in node.entries:
        if name.text in keys or not _is_bare(name, value, page):
            key, first = name.text, ""
            text = value.text if isinstance(value, Scalar) and value.plain else ""
        elif text:
            first = first or name.text
            text = f"{text}, {name.text}"
            cut[name.text] = None
            cut[first] = f'write `{key}: "{text}"`'
    return cut


def _is_bare(name: Scalar, value: Node, page: Page) -> bool:
    """Whether a key stands there by itself, without a colon."""
    if not name.plain or not isinstance(value, Scalar) or value.text or not value.plain:
        return False
    return not page.after(name.at)[len(name.text) :].lstrip().startswith(":")


def _note_comma(name: Scalar, hint: str | None, page: Page) -> None:
    if hint is not None:
        message = f"{quoted(name.text)} has no value: a text with a comma needs quotes here"
        page.wrong(name, message, hint)


def _note_unknown(name: Scalar, page: Page, keys: Keys, words: Words) -> str | None:
    """Note an unknown key. The key that was probably meant, None where nobody can tell."""
    if name.text in words.elsewhere:
        page.wrong(name, f"{quoted(name.text)} does not stand in {words.title}", words.elsewhere[name.text])
        return None
    hint = words.hints.get(name.text) or did_you_mean(name.text, keys, kinds="keys")
    page.wrong(name, f"unknown key {quoted(name.text)} in {words.title}", hint)
    found = re.match("write `([a-z]+)`|did you mean '([a-z]+)'", hint or "")
    return found and (found[1] or found[2])


def _note_empty(name: Scalar, value: Scalar, key: Key[Any], page: Page) -> None:
    if value.text:
        hint = f'write "{value.text}" in quotes if the text is meant, else leave it out'
        page.wrong(value, f"'{name.text}' is null", hint)
        return
    rest = page.after(name.at)[len(name.text) :].lstrip(" :\"'")
    if rest[:1] in ("#", "&"):
        hint = f"put quotes around a text that begins with {rest[0]}"
        page.wrong(name, f"'{name.text}' has no value", hint)
    else:
        wanted = key.kind.empty or f"{key.kind.title}, or leave the key out"
        page.wrong(name, f"'{name.text}' has no value", f"write {wanted}")
