"""Options of `labctl link` and `heal` -> the steps of a scenario that say the same, read by the readers of scenarios.

What those have to say of a value is said of its option, and in the spelling of the command line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import cast

from labctl.cli.refusals import BadOptions
from labctl.scenario.kinds.maps import read_map
from labctl.scenario.links.ends import check_link_ends
from labctl.scenario.links.fault_keys import LINK_KEYS
from labctl.scenario.model import Heal, Impair, Step
from labctl.scenario.names import HostNames
from labctl.scenario.problems import Position, Problem
from labctl.scenario.reading import Page, Unreadable, Words
from labctl.scenario.steps import Outline
from labctl.scenario.verbs import VERBS
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence, Tree

_LINK = "LINK"
"""Where the problems of the argument are said to be."""
_WHICH = ("drop", "duplicate", "corrupt", "reorder")
_CHOICE = r"([a-z]+):(.*)"


def impair_from(
    text: str, options: Mapping[str, str | bool], names: HostNames, absent: Collection[str]
) -> tuple[Impair, tuple[str, ...]]:
    """A `link` step, and warnings. `options` by their names without the dashes; `names` are those of all hosts.

    Raises BadOptions.
    """
    entries: dict[str, Node] = {"link": Scalar(_at(_LINK, 1), text, plain=False)}
    for number, (name, value) in enumerate(options.items(), 2):
        entries[name] = _node(name, "true" if value is True else str(value), _at(f"--{name}", number))
    step, warnings = _step("link", entries, names, absent)
    return cast(Impair, step), warnings


def heal_from(text: str, names: HostNames, absent: Collection[str]) -> Heal:
    """A `heal` step. Raises BadOptions."""
    step, _ = _step("heal", {"heal": Scalar(_at(_LINK, 1), text, plain=False)}, names, absent)
    return cast(Heal, step)


def _at(option: str, number: int) -> Position:
    return Position(option, number, 1)


def _node(name: str, text: str, at: Position) -> Node:
    """A value as it would stand in a file: `2,4` is a list there, `first:3` a map."""
    if name in _WHICH and (re.fullmatch(r"[0-9]+", text) or ("," in text and ":" not in text)):
        return Sequence(at, tuple(Scalar(at, item.strip(), plain=True) for item in text.split(",")))
    if name in _WHICH and (found := re.fullmatch(_CHOICE, text, re.DOTALL)):
        return MapNode(at, ((Scalar(at, found[1]), Scalar(at, found[2], plain=False)),))
    return Scalar(at, text, plain=False)


def _step(
    verb: str, entries: Mapping[str, Node], names: HostNames, absent: Collection[str]
) -> tuple[Step, tuple[str, ...]]:
    node = MapNode(_at(_LINK, 1), tuple((Scalar(value.at, name), value) for name, value in entries.items()))
    page = Page(Tree("", (), node))
    values = read_map(node, page, VERBS[verb].keys, Words(f"`labctl {verb}`"))
    step: Step | None = None
    with suppress(Unreadable):  # why is on the page
        step = VERBS[verb].make(values, page)
    check_link_ends([Outline(verb, values, step)], names, absent, page)
    if page.problems or step is None:
        unique = dict.fromkeys(page.problems)
        raise BadOptions([_said(problem) for problem in sorted(unique, key=lambda one: one.at.line)])
    return step, tuple(": ".join(_said(warning)) for warning in page.warnings)


def _said(problem: Problem) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    message, hint = _spelt(problem.message), _spelt(problem.hint or "")
    if problem.at.file == _LINK:
        return message, f"{hint}, in quotes" if message.endswith("is not a link") else hint
    return message if message.startswith(problem.at.file) else f"{problem.at.file}: {message}", hint


def _spelt(text: str) -> str:
    """A message with keys, values and steps of scenarios as they are written on a command line."""
    text = text.replace("this step does nothing to the link", "nothing is to be done to the link")
    text = re.sub(r"(?:write )?a `(link|heal)` step(?: where it shall end)?", r"use `labctl \1`", text)
    text = re.sub(r"`([^`]+)`", lambda found: f"`{_spelt_word(found[1])}`", text)
    return re.sub(r"'([a-z]+)'", lambda found: f"--{found[1]}" if found[1] in _OPTIONS else found[0], text)


def _spelt_word(word: str) -> str:
    if found := re.fullmatch(r"([a-z]+)(?:: (.+))?", word):
        key, value = found[1], found[2]
        if key in _OPTIONS and value is None:
            return f"--{key}"
        if key in _OPTIONS:
            return f"--{key}" if value == "true" else f"--{key} {_quoted(_spelt_value(value))}"
        if key in ("link", "heal") and value is not None:
            return f"labctl {key} {_quoted(value)}"
    return _spelt_value(word)


def _spelt_value(value: str) -> str:
    if found := re.fullmatch(r"\[([0-9, ]+)\]", value):
        return found[1].replace(" ", "")
    if found := re.fullmatch(r"\{([a-z]+): (.+)\}", value):
        return f"{found[1]}:{found[2]}"
    return value


def _quoted(value: str) -> str:
    return f"'{value}'" if " " in value else value


_OPTIONS = frozenset(LINK_KEYS) - {"link"}
