"""What is typed and what printed text must look like: INPUT, MATCH, and output to wait for."""

from __future__ import annotations

import re

from labctl.scenario.kinds.basic import TEXT, TEXT_SCHEMA
from labctl.scenario.kinds.maps import object_schema, read_map, table
from labctl.scenario.kinds.measures import NUM
from labctl.scenario.model import Input, Match, Output
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page, Values, Words, is_unquoted_text
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Sequence


def _read_bytes(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is not None and (wide := next((c for c in text if ord(c) > 0xFF), None)):
        page.wrong(node, f"{quoted(wide)} is not a byte", r'write bytes as "\x00" to "\xff" in double quotes')
        return None
    return text


_BYTES = Key(
    "bytes",
    Kind("a text of bytes", _read_bytes, TEXT_SCHEMA),
    "sent as it is, without an Enter at its end; other bytes as `\\xNN` in double quotes",
    required=True,
)
_INPUT_KEYS = table(_BYTES)
_INPUT_WORDS = Words("an input", {"text": "write the text by itself", "file": "use `run: sh -c 'program < file'`"})


def _read_input(node: Node, page: Page) -> Input | None:
    if isinstance(node, MapNode) and not is_unquoted_text(node):
        text = read_map(node, page, _INPUT_KEYS, _INPUT_WORDS).get(_BYTES)
        return None if text is None else Input(text, verbatim=True)
    text = TEXT.read(node, page)
    return None if text is None else Input(text)


INPUT: Kind[Input] = Kind(
    "a text, or {bytes: …}",
    _read_input,
    {"anyOf": [TEXT_SCHEMA, object_schema(_INPUT_KEYS)]},
    empty='"" for an empty text',
)


def _read_texts(node: Node, page: Page) -> tuple[str, ...] | None:
    if not isinstance(node, Sequence):
        text = TEXT.read(node, page)
        return None if text is None else (text,)
    if not node.items:
        page.wrong(node, "a list of texts is expected here, and it is empty", 'write "" for: nothing was printed')
        return None
    texts = tuple(TEXT.read(item, page) for item in node.items)
    for item, text in zip(node.items, texts, strict=True):
        if text in ("", "\n"):
            page.wrong(item, "an empty text in a list says nothing", "remove it")
    return tuple(text for text in texts if text is not None) or None


def _read_regex(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None:
        return None
    try:
        re.compile(text, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        page.wrong(node, f"{quoted(text)} is not a regular expression: {error}", "look it up in Python's `re`")
        return None
    return text


TEXTS_SCHEMA = {"anyOf": [TEXT_SCHEMA, {"type": "array", "items": TEXT_SCHEMA, "minItems": 1}]}
_TEXTS: Kind[tuple[str, ...]] = Kind("a text or a list", _read_texts, TEXTS_SCHEMA, empty='"" for an empty text')
_REGEX: Kind[str] = Kind("a regular expression", _read_regex, TEXT_SCHEMA)

_CONTAINS = Key("contains", _TEXTS, "this text is a part of it; of a list, each is, in this order, gaps allowed")
_EQUALS = Key("equals", TEXT, "this is the whole of it; one newline at the end does not count")
_MATCHES = Key("matches", _REGEX, "a regular expression of Python's finds something in it; `^` and `$` stand at lines")
_NOT = Key("not", _TEXTS, "this text, or each of a list, is no part of it")
_COUNT = Key("count", NUM, "so often: the text of `contains`, or what `matches` finds")
_STRICT = Key("strict", TEXT, "the lab's own wording; asked of other programs only on demand")
_MATCH_KEYS = table(_CONTAINS, _EQUALS, _MATCHES, _NOT, _COUNT, _STRICT)
_MATCH_WORDS = Words(
    "a match",
    {
        "regex": "write `matches`",
        "regexp": "write `matches`",
        "match": "write `matches`",
        "pattern": "write `matches`",
        "equal": "write `equals`",
        "is": "write `equals`",
        "exactly": "write `equals`",
        "includes": "write `contains`",
        "not_contains": "write `not`",
        "times": "write `count`",
        "lines": "write `matches` with ^ and $, and `count`",
    },
)


def _read_match(node: Node, page: Page) -> Match | None:
    if not isinstance(node, MapNode):
        parts = _read_texts(node, page)
        return None if parts is None else Match(contains=parts)
    if not node.entries or is_unquoted_text(node):
        hint = "put quotes around a text that begins with {" if node.entries else 'write "" for: nothing was printed'
        page.wrong(node, "this map says nothing of the text", hint)
        return None
    values = read_map(node, page, _MATCH_KEYS, _MATCH_WORDS)
    _check_count(values, page)
    return Match(
        contains=values.get(_CONTAINS) or (),
        equals=values.get(_EQUALS),
        matches=values.get(_MATCHES),
        absent=values.get(_NOT) or (),
        count=values.get(_COUNT),
        strict=values.get(_STRICT),
    )


def _check_count(values: Values, page: Page) -> None:
    """`count` counts one thing: a single part, or a regular expression."""
    if "count" not in values.nodes:
        return
    parts = values.get(_CONTAINS)
    counted = [key for key in ("contains", "matches") if key in values.nodes]
    if len(counted) != 1:
        many = "both `contains` and `matches`" if counted else "neither `contains` nor `matches`"
        page.wrong(values.keys["count"], f"'count' stands with {many}", "give it one of them to count")
    elif parts is not None and (len(parts) > 1 or not parts[0]):
        page.wrong(values.keys["count"], "'count' needs a single text to count", "use `matches` with a | in it")


MATCH: Kind[Match] = Kind(
    "a text, a list, or {contains, equals, matches, not, count, strict}",
    _read_match,
    {"anyOf": [*TEXTS_SCHEMA["anyOf"], object_schema(_MATCH_KEYS, minProperties=1)]},
    empty='"" for: nothing was printed',
)

_OUTPUT_MATCHES = Key(
    "matches", _REGEX, "a regular expression of Python's finds something in what is new on its screen", required=True
)
_OUTPUT_KEYS = table(_OUTPUT_MATCHES)
_OUTPUT_WORDS = Words(
    "output to wait for", {"contains": "write the text by itself", "equals": "write the text by itself"}
)


def _read_output(node: Node, page: Page) -> Output | None:
    if isinstance(node, MapNode) and not is_unquoted_text(node):
        matches = read_map(node, page, _OUTPUT_KEYS, _OUTPUT_WORDS).get(_OUTPUT_MATCHES)
        return None if matches is None else Output(matches=matches)
    text = TEXT.read(node, page)
    if text == "":
        page.wrong(node, "an empty text is on every screen", "write what is waited for")
        return None
    return None if text is None else Output(text=text)


OUTPUT: Kind[Output] = Kind(
    "a text, or {matches: …}", _read_output, {"anyOf": [TEXT_SCHEMA, object_schema(_OUTPUT_KEYS)]}
)
