"""Tree -> values: what every reader of the language shares, and the list of problems they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct

from labctl.scenario.problems import Position, Problem, ScenarioError, quoted
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Tree
from labctl.scenario.yaml.tree import Sequence as SequenceNode

T = TypeVar("T")

MOST_PROBLEMS = 100

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
        """Note a problem that keeps the file from being used. Raises ScenarioError at the hundredth."""
        self.problems.append(self._problem(at, message, hint))
        if len(self.problems) >= MOST_PROBLEMS:
            last = max((problem.at for problem in self.problems), key=lambda at: (at.line, at.column))
            more = f"that makes {MOST_PROBLEMS} problems, and the file was not read to its end"
            raise ScenarioError([*self.problems, self._problem(last, more, None)])

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
    """A key of a map, with the type of its value; `about` says in a line what it means, to who asks an editor."""

    name: str
    kind: Kind[T]
    about: str
    required: bool = False


class Words(Struct, frozen=True):
    """What to say of keys that don't stand in a map, and what the map is called.

    `hints` are for words that the language hasn't, `elsewhere` for those that belong to another map.
    """

    title: str
    hints: dict[str, str] = {}
    elsewhere: dict[str, str] = {}


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


def expect_map(node: Node, page: Page, title: str, hint: str | None = None) -> MapNode | None:
    """The node as a map, or None after saying that a map is expected."""
    if isinstance(node, MapNode):
        return node
    note_kind(node, page, title, hint)
    return None


def expect_scalar(node: Node, page: Page, title: str) -> Scalar | None:
    """The node as a text with something in it, or None after saying what is expected."""
    if isinstance(node, Scalar):
        if not node.is_null:
            return node
        note_kind(node, page, title)
        return None
    hint = None
    if node.flow and (isinstance(node, SequenceNode) or is_unquoted_text(node)):
        hint = f"put quotes around a text that begins with {'[' if isinstance(node, SequenceNode) else '{'}"
    note_kind(node, page, title, hint if "text" in title else None)
    return None


def note_kind(node: Node, page: Page, title: str, hint: str | None = None) -> None:
    """Note that something else than this node is expected."""
    if not isinstance(node, Scalar):
        what = "a map" if isinstance(node, MapNode) else "a list"
        page.wrong(node, f"{title} is expected here, not {what}", hint)
    elif node.is_null:
        page.wrong(node, f"{title} is expected here, and there is nothing", hint)
    else:
        page.wrong(node, f"{title} is expected here, not the text {quoted(node.text)}", hint)


def is_unquoted_text(node: MapNode) -> bool:
    """Whether this is a text such as {n}, whose quotes were forgotten."""
    return node.flow and all(isinstance(value, Scalar) and value.is_null for _, value in node.entries)
