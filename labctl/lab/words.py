"""Python values -> what a scenario that says the same would be read to, by the readers of scenarios."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from labctl.lab.errors import WrongWords
from labctl.scenario.kinds.maps import read_map
from labctl.scenario.lab_hosts import check_services
from labctl.scenario.model import Family, HostSpec, Scenario
from labctl.scenario.problems import Position, Problem, ScenarioError
from labctl.scenario.read import TOP_KEYS
from labctl.scenario.reading import Page, Words
from labctl.scenario.references import check_references
from labctl.scenario.steps import Outline, read_steps
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Tree
from labctl.scenario.yaml.tree import Sequence as SequenceNode

_HERE = str(Path(__file__).parent)
_OF_A_LAB = ("hosts", "ip", "seed", "allow")
"""What a lab without steps may be asked for, with the words of a scenario's top."""


def callers_place() -> Position:
    """The line of a test that is being executed: the innermost that is not of this room."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return Position(frame.f_code.co_filename, frame.f_lineno, 1)


def read_step(
    words: Mapping[str, object], at: Position, before: Sequence[Outline], hosts: Sequence[HostSpec]
) -> Outline:
    """A step, after a look at whether what it names is there, `before` it. What is None is left out.

    Its `step` is never None. WrongWords.
    """
    given = {name: value for name, value in words.items() if value is not None}
    page = Page(Tree(at.file, (), MapNode(at, ())))
    outlines = read_steps(SequenceNode(at, (_node(given, at),)), page)
    if page.problems or outlines[0] is None or outlines[0].step is None:
        raise _wrong(page.problems)
    check_references([*before, *outlines], hosts, page)
    if page.problems:
        raise _wrong(page.problems)
    return outlines[0]


def read_wishes(words: Mapping[str, object], at: Position, services: Sequence[str], compose: Path) -> Scenario:
    """A lab as it is asked for, as a scenario without steps: `hosts`, `ip`, `seed` and `allow`, as at its top.

    Of `hosts` a list of names will do, and a number for a count. WrongWords.
    """
    known = {name: TOP_KEYS[name] for name in _OF_A_LAB}
    given = dict(words) | ({"hosts": _hosts(words["hosts"])} if "hosts" in words else {})
    node = _node(given, at)
    page = Page(Tree(at.file, (), node))
    assert isinstance(node, MapNode)
    values = read_map(node, page, known, Words("the marker `labctl`"))
    hosts: tuple[HostSpec, ...] | None = values.get(known["hosts"])
    families: tuple[Family, ...] = values.get(known["ip"]) or (Family.IPV4,)
    if hosts is not None:
        check_services(hosts, services, page)
    if len(families) > 1:
        page.wrong(at, "a lab of a test is of one family, and 'ip' names several", "choose one with `pytest.param`")
    if page.problems:
        raise _wrong(page.problems)
    seed: int | None = values.get(known["seed"])
    return Scenario(
        path=compose,
        name=compose.parent.name,
        families=families,
        seed=1 if seed is None else seed,
        allow_internet=values.get(known["allow"]) is not None,
        hosts=hosts,
        steps=(),
    )


def time_of(seconds: float | str | None) -> str | None:
    """A time as the language spells it: a number is in seconds."""
    return f"{seconds:.6f}s" if isinstance(seconds, int | float) else seconds


def typed(given: str | bytes | None) -> object:
    """What is typed, as the language spells it: a text gets its Enter, bytes are sent as they are."""
    return {"bytes": given.decode("latin-1")} if isinstance(given, bytes) else given


def _hosts(given: object) -> object:
    if isinstance(given, list | tuple):
        return {name: {} for name in given}
    if isinstance(given, Mapping):
        return {name: {"count": asked} if isinstance(asked, int) else asked or {} for name, asked in given.items()}
    return given


def _node(value: object, at: Position) -> Node:
    """A value as it would stand in a file."""
    if isinstance(value, Mapping):
        return MapNode(at, tuple((Scalar(at, str(name), plain=False), _node(each, at)) for name, each in value.items()))
    if isinstance(value, list | tuple):
        return SequenceNode(at, tuple(_node(each, at) for each in value))
    if isinstance(value, bool):
        return Scalar(at, "true" if value else "false")
    if value is None:
        return Scalar(at, "")
    return Scalar(at, str(value), plain=isinstance(value, int | float))


def _wrong(problems: Sequence[Problem]) -> WrongWords:
    """All of them; none shows a line of the file, where this is not written as in a scenario."""
    return WrongWords(str(ScenarioError(replace(problem, line=None) for problem in problems)))
