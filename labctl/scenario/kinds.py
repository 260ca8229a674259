"""The small types of the language: text, WORD, numbers, times, lists and maps of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from labctl.scenario.model import Num, Span
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import (
    Key,
    Kind,
    Page,
    Words,
    expect_scalar,
    note_kind,
    object_schema,
    read_map,
    table,
)
from labctl.scenario.yaml_tree import Mapping as MapNode
from labctl.scenario.yaml_tree import Node, Scalar, Sequence

T = TypeVar("T")

TAKEN = frozenset({"any", "all", "localhost"})
MOST_COPIES = 1000
LONGEST_WORD = 63  # a host's name is one label (RFC 1035, 2.3.4)
LARGEST_NUMBER = 2**63 - 1

_WORD = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_WHOLE = r"0|[1-9][0-9]{0,18}"
_TIME = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m)"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}

TEXT_SCHEMA = {"type": ["string", "number", "boolean"]}  # YAML 1.2 reads 5 and true so; here they are texts
TIME_SCHEMA = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m)$"}
WORD_SCHEMA = {"type": "string", "pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$", "maxLength": LONGEST_WORD}
WHOLE_SCHEMA = {"type": "integer", "minimum": 0}


def is_word(text: str) -> bool:
    """Whether the text can be a host's or a program's name, taken ones included."""
    return re.fullmatch(_WORD, text) is not None and len(text) <= LONGEST_WORD


def whole(text: str) -> int | None:
    """The whole number that the text spells in decimal, None if it spells none up to 2^63 - 1."""
    if re.fullmatch(_WHOLE, text) is None:
        return None
    number = int(text)
    return number if number <= LARGEST_NUMBER else None


def seconds(text: str) -> float | None:
    """The length of time that the text spells (`40ms 0.5s 2m`), in seconds, None if it spells none."""
    found = re.fullmatch(_TIME, text)
    return float(found[1]) * _SECONDS[found[2]] if found else None


def _read_text(node: Node, page: Page) -> str | None:
    scalar = expect_scalar(node, page, "a text")
    return scalar.text if scalar else None


def _read_word(node: Node, page: Page) -> str | None:
    scalar = expect_scalar(node, page, "a name")
    if scalar is None:
        return None
    if not is_word(scalar.text):
        hint = "use a-z, 0-9 and -, a letter first" + (
            ", at most 63" if len(scalar.text) > LONGEST_WORD else ""
        )
        page.wrong(scalar, f"{quoted(scalar.text)} is not a name", hint)
        return None
    return scalar.text


def _read_name(node: Node, page: Page) -> str | None:
    word = _read_word(node, page)
    if word in TAKEN:
        page.wrong(
            node, f"the name '{word}' is taken", "choose another; `any`, `all` and `localhost` have a meaning"
        )
        return None
    return word


def _read_whole(node: Node, page: Page) -> int | None:
    scalar = expect_scalar(node, page, "a whole number")
    if scalar is None:
        return None
    number = whole(scalar.text)
    if number is None:
        page.wrong(scalar, f"{quoted(scalar.text)} is not a whole number", _number_hint(scalar.text))
    return number


def _number_hint(text: str) -> str:
    stripped = text.lstrip("0")
    if stripped != text and stripped.isascii() and stripped.isdigit():
        return f"write {stripped}, without the zero"
    return "write digits only, such as 3"


def _read_count(node: Node, page: Page) -> int | None:
    number = _read_whole(node, page)
    if number is not None and not 1 <= number <= MOST_COPIES:
        page.wrong(node, f"'{number}' is not from 1 to {MOST_COPIES}")
        return None
    return number


def _read_time(node: Node, page: Page) -> float | None:
    scalar = expect_scalar(node, page, "a time")
    if scalar is None:
        return None
    time_s = seconds(scalar.text)
    if time_s is None:
        unitless = re.fullmatch(r"[0-9]+(\.[0-9]+)?", scalar.text) is not None
        hint = (
            f"write `{scalar.text}s` or `{scalar.text}ms`"
            if unitless
            else "write it like `40ms`, `0.5s` or `2m`"
        )
        page.wrong(scalar, f"{quoted(scalar.text)} is not a time", hint)
    return time_s


def _read_timeout(node: Node, page: Page) -> float | None:
    time_s = _read_time(node, page)
    if time_s is not None and not 0 < time_s <= 3600:
        page.wrong(node, "a timeout is longer than nothing and at most an hour", "write it like `30s`")
        return None
    return time_s


def _read_bool(node: Node, page: Page) -> bool | None:
    scalar = expect_scalar(node, page, "true or false")
    if scalar is None:
        return None
    if scalar.text not in ("true", "false"):
        hint = {"yes": "write `true`", "on": "write `true`", "1": "write `true`"}.get(scalar.text.lower())
        hint = hint or (
            "write `false`" if scalar.text.lower() in ("no", "off", "0") else "write `true` or `false`"
        )
        page.wrong(scalar, f"{quoted(scalar.text)} is neither true nor false", hint)
        return None
    return scalar.text == "true"


TEXT: Kind[str] = Kind("a text", _read_text, TEXT_SCHEMA, empty='"" for an empty text')
WORD: Kind[str] = Kind("a name", _read_word, WORD_SCHEMA)
NAME: Kind[str] = Kind("a name", _read_name, WORD_SCHEMA | {"not": {"enum": sorted(TAKEN)}})
WHOLE: Kind[int] = Kind("a whole number", _read_whole, WHOLE_SCHEMA)
COUNT: Kind[int] = Kind(
    "a whole number from 1 on", _read_count, {"type": "integer", "minimum": 1, "maximum": MOST_COPIES}
)
TIME: Kind[float] = Kind("a time like `10s`", _read_time, TIME_SCHEMA)
TIMEOUT: Kind[float] = Kind("a time like `10s`", _read_timeout, TIME_SCHEMA)
BOOL: Kind[bool] = Kind("true or false", _read_bool, {"type": "boolean"})

_BOUND_WORDS = Words(
    "a range", {"over": "write `min`", "under": "write `max`", "above": "write `min`", "below": "write `max`"}
)
_MIN, _MAX = Key("min", WHOLE), Key("max", WHOLE)
_NUM_KEYS = table(_MIN, _MAX)
_MIN_S, _MAX_S = Key("min", TIME), Key("max", TIME)
_SPAN_KEYS = table(_MIN_S, _MAX_S)


def _read_num(node: Node, page: Page) -> Num | None:
    if isinstance(node, MapNode):
        values = read_map(node, page, _NUM_KEYS, _BOUND_WORDS)
        low, high = values.get(_MIN), values.get(_MAX)
        return Num(low, high) if _are_bounds(node, page, low, high) else None
    if isinstance(node, Scalar) and node.text[:1] in tuple("<>="):
        page.wrong(
            node, f"{quoted(node.text)} is not a number", "write `{min: 1, max: 9}`; one of them suffices"
        )
        return None
    if isinstance(node, Sequence):
        note_kind(node, page, "a whole number or {min, max}")
        return None
    number = _read_whole(node, page)
    return None if number is None else Num(number, number)


def _read_span(node: Node, page: Page) -> Span | None:
    if isinstance(node, MapNode):
        values = read_map(node, page, _SPAN_KEYS, _BOUND_WORDS)
        low, high = values.get(_MIN_S), values.get(_MAX_S)
        return Span(low, high) if _are_bounds(node, page, low, high) else None
    if isinstance(node, Sequence):
        note_kind(node, page, "{min, max} of times")
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


def list_of(kind: Kind[T], title: str) -> Kind[tuple[T, ...]]:
    """A list with at least one item, all of one kind."""

    def read(node: Node, page: Page) -> tuple[T, ...] | None:
        if not isinstance(node, Sequence):
            note_kind(node, page, title)
            return None
        if not node.items:
            page.wrong(node, f"{title} is expected here, and the list is empty", "leave the key out")
            return None
        items = [kind.read(item, page) for item in node.items]
        good = tuple(item for item in items if item is not None)
        return good if len(good) == len(items) else None

    return Kind(title, read, {"type": "array", "items": kind.schema, "minItems": 1})


def text_map(
    title: str, key: Callable[[Scalar, Page], bool], key_pattern: str, value: Kind[str]
) -> Kind[dict[str, str]]:
    """A map from texts to texts; `key` judges each key, and notes what is wrong with it."""

    def read(node: Node, page: Page) -> dict[str, str] | None:
        if not isinstance(node, MapNode):
            note_kind(node, page, title)
            return None
        texts = {name.text: value.read(item, page) for name, item in node.entries if key(name, page)}
        return {name: text for name, text in texts.items() if text is not None}

    schema = {
        "type": "object",
        "patternProperties": {key_pattern: value.schema},
        "additionalProperties": False,
    }
    return Kind(title, read, schema)


def one_of(title: str, choices: Collection[str], hints: Mapping[str, str] | None = None) -> Kind[str]:
    """One of a few words; `hints` by the wrong word."""

    def read(node: Node, page: Page) -> str | None:
        scalar = expect_scalar(node, page, title)
        if scalar is None or scalar.text in choices:
            return scalar.text if scalar else None
        hint = (hints or {}).get(scalar.text) or did_you_mean(scalar.text, choices, kinds="known words")
        page.wrong(scalar, f"{quoted(scalar.text)} is not {title}", hint)
        return None

    return Kind(title, read, {"enum": list(choices)})
