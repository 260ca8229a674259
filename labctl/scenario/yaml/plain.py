"""Nodes -> plain dicts, lists and scalars, typed by YAML 1.2's core schema; for compose.yaml and editors."""

from __future__ import annotations

import re
from typing import TypeAlias

from labctl.scenario.problems import Problem, ScenarioError
from labctl.scenario.yaml.tree import NULLS, Mapping, Node, Scalar, Sequence

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"

LONGEST_NUMBER = 40  # digits; what is longer stays text rather than costing the square of its length

_INT = r"[-+]?[0-9]+"
_OCTAL = r"0o[0-7]+"
_HEX = r"0x[0-9a-fA-F]+"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_NAMED: dict[str, bool | float] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def plain(node: Node) -> Plain:
    """The node as Python's own values; keys stay texts, `<<` merges maps (a key on the page wins).

    Raises ScenarioError where `<<` has something else than maps. Costs no more than the tree's 10,000 nodes.
    """
    if isinstance(node, Scalar):
        return core_value(node.text) if node.plain else node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    merged: dict[str, Plain] = {}
    own: dict[str, Plain] = {}
    for key, value in node.entries:
        if key.text == "<<" and key.plain:
            for each in _merged_maps(value):
                merged = plain_map(each) | merged
        else:
            own[key.text] = plain(value)
    return merged | own


def plain_map(node: Mapping) -> dict[str, Plain]:
    """A map's plain form."""
    values = plain(node)
    assert isinstance(values, dict)  # a map's plain form is a dict
    return values


def core_value(text: str) -> str | int | float | bool | None:
    """A plain scalar as YAML 1.2's core schema reads it (1.2.2, section 10.3.2)."""
    if text in NULLS:
        return None
    if text in _NAMED:
        return _NAMED[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if re.fullmatch(_INT, text):
        return int(text)
    if re.fullmatch(_OCTAL, text):
        return int(text[2:], 8)
    if re.fullmatch(_HEX, text):
        return int(text[2:], 16)
    return float(text) if re.fullmatch(_FLOAT, text) else text


def _merged_maps(node: Node) -> tuple[Mapping, ...]:
    """The maps that a `<<` names; of several the first has precedence."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    maps = tuple(each for each in nodes if isinstance(each, Mapping))
    if len(maps) < len(nodes):
        raise ScenarioError([Problem(node.at, "'<<' merges maps, and this is none", "write `<<: *ANCHOR` of a map")])
    return maps
