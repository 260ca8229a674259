"""Tree -> values: what every reader of the language shares, and the list of problems they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct

from labctl.scenario.problems import Position, Problem, did_you_mean, quoted
from labctl.scenario.yaml_tree import Mapping as MapNode
from labctl.scenario.yaml_tree import Node, Scalar, Sequence, Tree

T = TypeVar("T")

JsonSchema = Mapping[str, Any]  # Any: JSON is whatever JSON is


class Unreadable(Exception):
    """A value can't be had; its problem is on the page already."""


class Page:
    """A file that is being read: collects every problem and warning with its place and line."""

    def __init__(self, tree: Tree) -> None:
        self.lines = tree.lines
        self.problems: list[Problem] = list(tree.problems)
        self.warnings: list[Problem] = []

    def wrong(self, at: Position | Node, message: str, hint: str | None = None) -> None:
        """Note a problem that keeps the file from being used."""
        self.problems.append(self._problem(at, message, hint))

    def warn(self, at: Position | Node, message: str, hint: str | None = None) -> None:
        """Note what is allowed, and probably not meant."""
        self.warnings.append(self._problem(at, message, hint))

    def after(self, at: Position) -> str:
        """What stands on the line from this place on."""
        return self.lines[at.line - 1][at.column - 1 :] if at.line <= len(self.lines) else ""

    def _problem(self, at: Position | Node, message: str, hint: str | None) -> Problem:
        place = at if isinstance(at, Position) else at.at
        line = self.lines[place.line - 1] if place.line <= len(self.lines) else ""
        return Problem(place, message, hint, line)


class Kind(Struct, Generic[T], frozen=True):
    """A type of the language: how it is read, what it looks like to an editor.

    `read` returns None where the node is no such thing, after noting why on the page.
    """

    title: str
    read: Callable[[Node, Page], T | None]
    schema: JsonSchema
    empty: str | None = None  # what to write for nothing, where a value is left out
    may_be_empty: bool = False


class Key(Struct, Generic[T], frozen=True):
    """A key of a map, with the type of its value."""

    name: str
    kind: Kind[T]
    required: bool = False


class Words(Struct, frozen=True):
    """What to say of keys that don't stand in a map, and what the map is called.

    `hints` are for words that the language hasn't, `elsewhere` for those that belong to another map.
    """

    title: str
    hints: Mapping[str, str] = {}
    elsewhere: Mapping[str, str] = {}


class Values:
    """A map that has been read: its values by key, and where they stand."""

    def __init__(self, node: MapNode) -> None:
        self.at = node.at
        self.nodes: dict[str, Node] = {key.text: value for key, value in node.entries}
        self.keys: dict[str, Scalar] = {key.text: key for key, _ in node.entries}
        self._values: dict[str, object] = {}

    def put(self, key: str, value: object) -> None:
        self._values[key] = value

    def get(self, key: Key[T]) -> T | None:
        """The value, None where it is absent or wrong."""
        return cast("T | None", self._values.get(key.name))

    def need(self, key: Key[T]) -> T:
        """The value. Raises Unreadable where it is absent or wrong."""
        if (value := self.get(key)) is None:
            raise Unreadable(key.name)
        return value

    def optional(self, key: Key[T], default: T) -> T:
        """The value, or the default where the key is absent. Raises Unreadable where it is wrong."""
        return self.need(key) if key.name in self.nodes else default

    def everything(self) -> dict[str, Any]:  # Any: each key has a type of its own
        """All values that could be read, by key in the order of the page."""
        return dict(self._values)

    def maybe(self, key: Key[T]) -> T | None:
        """The value, or None where the key is absent. Raises Unreadable where it is wrong."""
        return self.need(key) if key.name in self.nodes else None


def read_map(node: MapNode, page: Page, keys: Mapping[str, Key[Any]], words: Words) -> Values:
    """Read each known key of a map; note the unknown, the empty and the missing ones."""
    values = Values(node)
    previous: tuple[Scalar, Node] | None = None
    for name, value in node.entries:
        key = keys.get(name.text)
        if key is None:
            _note_unknown(name, value, previous, node, page, keys, words)
        elif isinstance(value, Scalar) and value.is_null and not key.kind.may_be_empty:
            _note_empty(name, value, key, page)
        elif (got := key.kind.read(value, page)) is not None:
            values.put(name.text, got)
        previous = (name, value)
    for key in keys.values():
        if key.required and key.name not in values.nodes:
            page.wrong(node, f"'{key.name}' is missing", f"add `{key.name}: …`, {key.kind.title}")
    return values


def expect_map(node: Node, page: Page, title: str) -> MapNode | None:
    """The node as a map, or None after saying that a map is expected."""
    if isinstance(node, MapNode):
        return node
    note_kind(node, page, title)
    return None


def expect_scalar(node: Node, page: Page, title: str) -> Scalar | None:
    """The node as a text with something in it, or None after saying what is expected."""
    if isinstance(node, Scalar) and not node.is_null:
        return node
    note_kind(node, page, title)
    return None


def note_kind(node: Node, page: Page, title: str) -> None:
    """Note that something else than this node is expected, and the likeliest reason."""
    if isinstance(node, Scalar):
        if node.is_null:
            page.wrong(node, f"{title} is expected here, and there is nothing")
        else:
            page.wrong(node, f"{title} is expected here, not the text {quoted(node.text)}")
        return
    what, brace = ("a list", "[") if isinstance(node, Sequence) else ("a map", "{")
    hint = None
    if node.flow and _looks_like_text(node):
        hint = f"put quotes around a text that begins with {brace}"
    page.wrong(node, f"{title} is expected here, not {what}", hint)


def object_schema(keys: Mapping[str, Key[Any]], **more: object) -> dict[str, Any]:
    """The JSON Schema of a map with these keys and no others."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: key.kind.schema for name, key in keys.items()},
        "additionalProperties": False,
    }
    if required := [name for name, key in keys.items() if key.required]:
        schema["required"] = required
    return schema | more


def table(*keys: Key[Any]) -> dict[str, Key[Any]]:
    """Keys by their names, in the order given."""
    return {key.name: key for key in keys}


def _looks_like_text(node: Node) -> bool:
    if isinstance(node, MapNode):
        return bool(node.entries) and all(isinstance(v, Scalar) and v.is_null for _, v in node.entries)
    return True


def _note_unknown(
    name: Scalar,
    value: Node,
    previous: tuple[Scalar, Node] | None,
    node: MapNode,
    page: Page,
    keys: Mapping[str, Key[Any]],
    words: Words,
) -> None:
    if node.flow and name.plain and isinstance(value, Scalar) and value.is_null and not value.text:
        page.wrong(
            name,
            f"{quoted(name.text)} has no value: a text with a comma needs quotes here",
            _comma(name, previous),
        )
    elif name.text in words.elsewhere:
        page.wrong(name, f"{quoted(name.text)} does not stand in {words.title}", words.elsewhere[name.text])
    elif name.text in words.hints:
        page.wrong(name, f"unknown key {quoted(name.text)} in {words.title}", words.hints[name.text])
    else:
        page.wrong(
            name,
            f"unknown key {quoted(name.text)} in {words.title}",
            did_you_mean(name.text, keys, kinds="keys"),
        )


def _comma(name: Scalar, previous: tuple[Scalar, Node] | None) -> str | None:
    """Show how the text looks in quotes, where it is plain to see which one was cut at its comma."""
    if previous is None:
        return None
    key, value = previous
    if not isinstance(value, Scalar) or not value.plain or value.is_null:
        return None
    return f'write `{key.text}: "{value.text}, {name.text}"`'


def _note_empty(name: Scalar, value: Scalar, key: Key[Any], page: Page) -> None:
    if value.text:
        page.wrong(
            value,
            f"'{name.text}' is null",
            f'write "{value.text}" in quotes if the text is meant, else leave it out',
        )
        return
    rest = page.after(name.at)[len(name.text) :].lstrip(" :\"'")
    if rest.startswith("#"):
        page.wrong(name, f"'{name.text}' has no value", "put quotes around a text that begins with #")
    elif rest.startswith("&"):
        page.wrong(name, f"'{name.text}' has no value", "put quotes around a text that begins with &")
    else:
        hint = (
            f"write {key.kind.empty}" if key.kind.empty else f"write {key.kind.title}, or leave the key out"
        )
        page.wrong(name, f"'{name.text}' has no value", hint)
