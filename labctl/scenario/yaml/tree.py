"""YAML text -> tree of nodes with positions, in which every scalar is still the text on the page.

Works on libyaml's events, not on PyYAML's objects: nothing is typed, tagged, merged or expanded here, and
nothing recurses, so no text of 64 KiB costs more than its own length.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from labctl.scenario.problems import Position, Problem, ScenarioError, quoted
from labctl.scenario.source import lines_of, read_text

if TYPE_CHECKING:
    from yaml.error import Mark
    from yaml.events import Event

MOST_NODES = 10_000
DEEPEST = 32
NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(Struct, frozen=True):
    """A text. `plain`: it stands without quotes."""

    at: Position
    text: str
    plain: bool = True

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in NULLS


class Sequence(Struct, frozen=True):
    """A list. `flow`: it stands in brackets."""

    at: Position
    items: tuple[Node, ...]
    flow: bool = False


class Mapping(Struct, frozen=True):
    """A map in the order of the page, each key once. `flow`: it stands in braces."""

    at: Position
    entries: tuple[tuple[Scalar, Node], ...]
    flow: bool = False


Node = Scalar | Sequence | Mapping


class Tree(Struct, frozen=True):
    """A file that is YAML. `problems` don't keep it from being read on: duplicate keys, for one."""

    file: str
    lines: tuple[str, ...]
    root: Node
    problems: tuple[Problem, ...] = ()


def read_tree(path: str | os.PathLike[str]) -> Tree:
    """The tree of a file. Raises ScenarioError where there is none."""
    return parse(read_text(path), os.fspath(path))


def parse(text: str, file: str) -> Tree:
    """The tree of a YAML text; `file` is its name in messages. Raises ScenarioError where there is none.

    An alias stands for the same node again. It counts with all that it holds, so a tree never unfolds to
    more than 10,000 nodes or deeper than 32.
    """
    from yaml import YAMLError

    lines = lines_of(text)
    builder = _Builder(file, lines)
    parser = _parser(text)
    try:
        for event in _events(parser):
            builder.take(event)
    except YAMLError as error:
        from labctl.scenario.yaml.syntax import syntax_problem  # only a mistake has to pay for it

        raise ScenarioError([*builder.problems, syntax_problem(error, file, lines)]) from error
    finally:
        parser.dispose()
    if builder.root is None:
        raise ScenarioError([builder.problem(Position(file, 1, 1), "the file is empty")])
    return Tree(file, lines, builder.root, tuple(builder.problems))


def _parser(text: str) -> Any:  # Any: two classes with the same methods, neither of them in the stubs
    try:
        from yaml._yaml import CParser
    except ImportError:  # PyYAML was built without libyaml: the same events, ten times slower
        from yaml import SafeLoader

        return SafeLoader(text)
    return CParser(text)


def _events(parser: Any) -> Iterator[Event]:  # Any: the C parser's stub knows no get_event
    while (event := parser.get_event()) is not None:
        yield event


class _Open(Struct):
    """A list or map whose end has not come yet."""

    at: Position
    flow: bool
    anchor: str | None
    nodes_before: int
    items: list[Node]
    height: int = 0


class _Anchored(Struct, frozen=True):
    node: Node
    size: int
    height: int


class _Builder:
    """Puts nodes together from events. Knows nothing of what the nodes mean."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._documents = 0
        self._acts: dict[str, Callable[[Any], None]] = {
            "DocumentStartEvent": self._begin_document,
            "AliasEvent": self._repeat,
            "ScalarEvent": self._add_scalar,
            "SequenceStartEvent": self._begin,
            "MappingStartEvent": self._begin,
            "SequenceEndEvent": self._end_sequence,
            "MappingEndEvent": self._end_mapping,
        }

    def problem(self, at: Position, message: str, hint: str | None = None) -> Problem:
        line = self.lines[at.line - 1] if at.line <= len(self.lines) else ""
        return Problem(at, message, hint, line)

    def position(self, mark: Mark) -> Position:
        if mark.line >= len(self.lines):  # libyaml adds a line break at the end of a file that has none
            return Position(self.file, len(self.lines), len(self.lines[-1]) + 1)
        return Position(self.file, mark.line + 1, mark.column + 1)

    def take(self, event: Any) -> None:  # Any: an Event, whose attributes depend on its class
        act = self._acts.get(type(event).__name__)
        if act is not None:
            act(event)

    def _fail(self, at: Position, message: str, hint: str | None = None) -> None:
        raise ScenarioError([*self.problems, self.problem(at, message, hint)])

    def _begin_document(self, event: Any) -> None:
        at = self.position(event.start_mark)
        self._documents += 1
        if self._documents > 1:
            self._fail(at, "a second document begins here", "put it into a file of its own")
        if event.tags:
            self._fail(at, "a %TAG directive has no place here", "remove it")
        if event.version not in (None, (1, 2)):
            self._fail(at, "labctl reads YAML 1.2 only", "remove the %YAML line")

    def _repeat(self, event: Any) -> None:
        at = self.position(event.start_mark)
        if event.anchor not in self._anchors:
            hint = f'put quotes around a text that begins with *: "*{event.anchor}"'
            self._fail(at, f"no anchor is called {quoted(event.anchor)}", hint)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._fail(at, f"the alias '*{event.anchor}' stands within its own anchor", "write it out")
            return
        self._count(at, anchored.size, anchored.height)
        self._add(anchored.node, anchored.height)

    def _add_scalar(self, event: Any) -> None:
        at = self.position(event.start_mark)
        self._refuse_tag(event, at)
        node = Scalar(at, event.value, event.style is None or event.style == "")
        self._count(at, 1, 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, 1, 0)
        self._add(node, 0)

    def _begin(self, event: Any) -> None:
        at = self.position(event.start_mark)
        self._refuse_tag(event, at)
        self._count(at, 1, 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(at, bool(event.flow_style), event.anchor, self._nodes - 1, []))

    def _end_sequence(self, event: Any) -> None:
        done = self._open.pop()
        self._finish(done, Sequence(done.at, tuple(done.items), done.flow))

    def _end_mapping(self, event: Any) -> None:
        done = self._open.pop()
        entries = zip(done.items[::2], done.items[1::2], strict=True)
        self._finish(done, Mapping(done.at, tuple(self._unique(entries)), done.flow))

    def _finish(self, done: _Open, node: Node) -> None:
        if done.anchor is not None:
            self._anchors[done.anchor] = _Anchored(node, self._nodes - done.nodes_before, done.height + 1)
        self._add(node, done.height + 1)

    def _unique(self, entries: Iterator[tuple[Node, Node]]) -> Iterator[tuple[Scalar, Node]]:
        first: dict[str, Position] = {}
        for key, value in entries:
            if not isinstance(key, Scalar):
                hint = "put quotes around a text that begins with { or ["
                self.problems.append(self.problem(key.at, "a key must be a text", hint))
            elif key.text in first:
                line = first[key.text].line
                message = f"the key {quoted(key.text)} stands here a second time, first in line {line}"
                self.problems.append(self.problem(key.at, message, "keep one of them"))
            else:
                first[key.text] = key.at
                yield key, value

    def _add(self, node: Node, height: int) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.items.append(node)
        parent.height = max(parent.height, height)

    def _count(self, at: Position, size: int, height: int) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            self._fail(at, f"the file holds more than {MOST_NODES:,} values", "split it, or use fewer aliases")
        if len(self._open) + height > DEEPEST:
            self._fail(at, f"lists and maps are nested deeper than {DEEPEST}")

    def _refuse_tag(self, event: Any, at: Position) -> None:
        if event.tag is not None:
            hint = "put quotes around a text that begins with !"
            self.problems.append(self.problem(at, f"the tag {quoted(event.tag)} has no place here", hint))
