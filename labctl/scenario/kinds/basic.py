"""The small types of the language: text, WORD, whole numbers, one of a few words, lists and maps."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Kind, Page, expect_scalar, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

T = TypeVar("T")

TAKEN = frozenset({"any", "all", "localhost"})
MOST_COPIES = 1000
LONGEST_WORD = 63  # a host's name is one label (RFC 1035, 2.3.4)
LARGEST_NUMBER = 2**63 - 1

_WORD = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_WHOLE = r"0|[1-9][0-9]{0,18}"

TEXT_SCHEMA = {"type": ["string", "number", "boolean"]}  # YAML 1.2 reads 5 and true so; here they are texts
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


def port_number(text: str, node: Node, page: Page) -> int | None:
    """The number of a port that the text spells; notes on the page what is wrong with it."""
    number = whole(text)
    if number is None or not 1 <= number <= 65535:
        page.wrong(node, f"{quoted(text)} is not a port number", "write one from 1 to 65535")
        return None
    return number


def _read_text(node: Node, page: Page) -> str | None:
    scalar = expect_scalar(node, page, "a text")
    return scalar.text if scalar else None


def _read_word(node: Node, page: Page) -> str | None:
    scalar = expect_scalar(node, page, "a name")
    if scalar is None:
        return None
    if not is_word(scalar.text):
        hint = "use a-z, 0-9 and -, a letter first" + (", at most 63" if len(scalar.text) > LONGEST_WORD else "")
        page.wrong(scalar, f"{quoted(scalar.text)} is not a name", hint)
        return None
    return scalar.text


def _read_name(node: Node, page: Page) -> str | None:
    word = _read_word(node, page)
    if word in TAKEN:
        page.wrong(node, f"the name '{word}' is taken", "choose another; `any`, `all` and `localhost` have a meaning")
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
    if stripped.isascii() and stripped.isdigit():
        return f"write {stripped}, without the zero" if stripped != text else "write a smaller one"
    return "write digits only, such as 3"


def _read_bool(node: Node, page: Page) -> bool | None:
    scalar = expect_scalar(node, page, "true or false")
    if scalar is None:
        return None
    if scalar.text not in ("true", "false"):
        hint = {"yes": "write `true`", "on": "write `true`", "1": "write `true`"}.get(scalar.text.lower())
        hint = hint or ("write `false`" if scalar.text.lower() in ("no", "off", "0") else "write `true` or `false`")
        page.wrong(scalar, f"{quoted(scalar.text)} is neither true nor false", hint)
        return None
    return scalar.text == "true"


TEXT: Kind[str] = Kind("a text", _read_text, TEXT_SCHEMA, empty='"" for an empty text')
WORD: Kind[str] = Kind("a name", _read_word, WORD_SCHEMA)
HOST: Kind[str] = Kind("a host's name", _read_word, WORD_SCHEMA)
NAME: Kind[str] = Kind("a name", _read_name, WORD_SCHEMA | {"not": {"enum": sorted(TAKEN)}})
WHOLE: Kind[int] = Kind("a whole number", _read_whole, WHOLE_SCHEMA)
BOOL: Kind[bool] = Kind("true or false", _read_bool, {"type": "boolean"})


def from_one(most: int, *, zero: tuple[str, str] | None = None) -> Kind[int]:
    """A whole number from 1 to `most`; `zero` is the message and the hint for who writes 0."""

    def read(node: Node, page: Page) -> int | None:
        number = _read_whole(node, page)
        if number is None or 1 <= number <= most:
            return number
        if number == 0 and zero is not None:
            page.wrong(node, *zero)
        else:
            page.wrong(node, f"'{number}' is not from 1 to {most}")
        return None

    return Kind("a whole number from 1 on", read, {"type": "integer", "minimum": 1, "maximum": most})


COUNT = from_one(MOST_COPIES)


def list_of(kind: Kind[T], title: str) -> Kind[tuple[T, ...]]:
    """A list with at least one item, all of one kind."""

    def read(node: Node, page: Page) -> tuple[T, ...] | None:
        if not isinstance(node, Sequence):
            hint = f"write a list: `[{node.text}]`" if isinstance(node, Scalar) and not node.is_null else None
            note_kind(node, page, title, hint)
            return None
        if not node.items:
            page.wrong(node, f"{title} is expected here, and the list is empty", "leave the key out")
            return None
        items = [kind.read(item, page) for item in node.items]
        good = tuple(item for item in items if item is not None)
        return good if len(good) == len(items) else None

    return Kind(title, read, {"type": "array", "items": kind.schema, "minItems": 1})


def text_map(
    title: str, example: str, key: Callable[[Scalar, Page], bool], key_pattern: str, value: Kind[str]
) -> Kind[dict[str, str]]:
    """A map from texts to texts; `key` judges each key, and notes what is wrong with it."""

    def read(node: Node, page: Page) -> dict[str, str] | None:
        if not isinstance(node, MapNode):
            note_kind(node, page, title, f"write it like `{example}`")
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
        only = f"write `{next(iter(choices))}`" if len(choices) == 1 else None
        hint = (hints or {}).get(scalar.text) or only or did_you_mean(scalar.text, choices, kinds="known words")
        page.wrong(scalar, f"{quoted(scalar.text)} is not {title}", hint)
        return None

    return Kind(title, read, {"enum": list(choices)})
