"""How much and how long: TIME, NUM and SPAN."""

from __future__ import annotations

import re

from labctl.scenario.kinds.basic import WHOLE, WHOLE_SCHEMA, whole
from labctl.scenario.kinds.maps import object_schema, read_map, table
from labctl.scenario.model import Num, Span
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page, Words, expect_scalar, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

LONGEST_TIMEOUT_S = 3600

_TIME = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m)"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}

TIME_SCHEMA = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m)$"}


def seconds(text: str) -> float | None:
    """The length of time that the text spells (`40ms 0.5s 2m`), in seconds, None if it spells none."""
    found = re.fullmatch(_TIME, text)
    return float(found[1]) * _SECONDS[found[2]] if found else None


def _read_time(node: Node, page: Page) -> float | None:
    scalar = expect_scalar(node, page, "a time")
    if scalar is None:
        return None
    time_s = seconds(scalar.text)
    if time_s is None:
        unitless = re.fullmatch(r"[0-9]+(\.[0-9]+)?", scalar.text) is not None
        hint = f"write `{scalar.text}s` or `{scalar.text}ms`" if unitless else "write it like `40ms`, `0.5s` or `2m`"
        page.wrong(scalar, f"{quoted(scalar.text)} is not a time", hint)
    return time_s


def _read_timeout(node: Node, page: Page) -> float | None:
    time_s = _read_time(node, page)
    if time_s is not None and not 0 < time_s <= LONGEST_TIMEOUT_S:
        page.wrong(node, "a timeout is longer than nothing and at most an hour", "write it like `30s`")
        return None
    return time_s


TIME: Kind[float] = Kind("a time like `10s`", _read_time, TIME_SCHEMA)
TIMEOUT: Kind[float] = Kind("a time like `10s`", _read_timeout, TIME_SCHEMA)

_BOUND_WORDS = Words(
    "a range", {"over": "write `min`", "under": "write `max`", "above": "write `min`", "below": "write `max`"}
)
_MIN, _MAX = (
    Key("min", WHOLE, "the least that it may be, this included"),
    Key("max", WHOLE, "the most that it may be, this included"),
)
_NUM_KEYS = table(_MIN, _MAX)
_MIN_S, _MAX_S = (
    Key("min", TIME, "the shortest that it may take, this included"),
    Key("max", TIME, "the longest that it may take, this included"),
)
_SPAN_KEYS = table(_MIN_S, _MAX_S)


def _read_num(node: Node, page: Page) -> Num | None:
    if isinstance(node, MapNode):
        values = read_map(node, page, _NUM_KEYS, _BOUND_WORDS)
        low, high = values.get(_MIN), values.get(_MAX)
        return Num(low, high) if _are_bounds(node, page, low, high) else None
    if isinstance(node, Scalar) and (hint := _comparison_hint(node.text)):
        page.wrong(node, f"{quoted(node.text)} is not a number", hint)
        return None
    if isinstance(node, Sequence):
        note_kind(node, page, "a whole number or {min, max}")
        return None
    number = WHOLE.read(node, page)
    return None if number is None else Num(number, number)


def _comparison_hint(text: str) -> str | None:
    """`>3` and the like as a range, None for anything else."""
    found = re.fullmatch(r"([<>])(=?) ?([^ ].*)", text)
    if found is None:
        return None
    bound = "min" if found[1] == ">" else "max"
    number = whole(found[3])
    if number is not None and not found[2]:
        return f"write `{{{bound}: {number + 1 if bound == 'min' else number - 1}}}`"
    return f"write `{{{bound}: {found[3]}}}`"


def _read_span(node: Node, page: Page) -> Span | None:
    if isinstance(node, MapNode):
        values = read_map(node, page, _SPAN_KEYS, _BOUND_WORDS)
        low, high = values.get(_MIN_S), values.get(_MAX_S)
        return Span(low, high) if _are_bounds(node, page, low, high) else None
    if isinstance(node, Sequence):
        note_kind(node, page, "{min, max} of times")
        return None
    if isinstance(node, Scalar) and (hint := _comparison_hint(node.text)):
        page.wrong(node, f"{quoted(node.text)} is not a time", hint)
        return None
    if _read_time(node, page) is not None and isinstance(node, Scalar):
        hint = f"write `{{max: {node.text}}}` or `{{min: {node.text}}}`"
        page.wrong(node, f"nothing takes exactly {quoted(node.text)}", hint)
    return None


def _are_bounds(node: MapNode, page: Page, low: float | None, high: float | None) -> bool:
    if not node.entries:
        page.wrong(node, "a range without bounds", "write `min`, `max` or both")
        return False
    if low is not None and high is not None and low > high:
        page.wrong(node, "'min' is larger than 'max'", "exchange them")
        return False
    return low is not None or high is not None


NUM: Kind[Num] = Kind(
    "a whole number or {min, max}",
    _read_num,
    {"anyOf": [WHOLE_SCHEMA, object_schema(_NUM_KEYS, minProperties=1)]},
)
SPAN: Kind[Span] = Kind("{min, max} of times", _read_span, object_schema(_SPAN_KEYS, minProperties=1))
