"""Commands and environments: a text is split into words as a shell would, and no shell sees it."""

from __future__ import annotations

import re

from labctl.scenario.kinds.basic import TEXT, TEXT_SCHEMA, text_map
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Kind, Page, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

_SHELL = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>"})
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


def _read_command(node: Node, page: Page) -> tuple[str, ...] | None:
    if isinstance(node, MapNode):
        note_kind(node, page, "a command")
        return None
    words = _listed_words(node, page) if isinstance(node, Sequence) else _split_words(node, page)
    if words is None:
        return None
    if not words or not words[0].strip():
        page.wrong(node, "a command needs a program", "write it like `server 51717`")
        return None
    if any("\0" in word for word in words):
        page.wrong(node, "no NUL can stand in a command", "send it with `stdin: {bytes: …}`")
        return None
    return words


def _listed_words(node: Sequence, page: Page) -> tuple[str, ...] | None:
    words = [TEXT.read(item, page) for item in node.items]
    good = tuple(word for word in words if word is not None)
    return good if len(good) == len(words) else None


def _split_words(node: Node, page: Page) -> tuple[str, ...] | None:
    from shlex import split

    text = TEXT.read(node, page)
    if text is None:
        return None
    try:
        words = split(text)
    except ValueError as error:
        page.wrong(
            node,
            f"a command cannot end so: {str(error).lower()}",
            "close the quotes, or write a list of words",
        )
        return None
    if shell := next((word for word in words if word in _SHELL), None):
        hint = "write `sh -c '…'` for a shell, or a list of words if it is meant so"
        page.warn(node, f"{quoted(shell)} is a word like others: no shell reads it", hint)
    if words and words[0] == "sleep":
        page.warn(node, "a sleep makes a scenario slow or wrong", "wait until something is so")
    return tuple(words)


COMMAND: Kind[tuple[str, ...]] = Kind(
    "a command",
    _read_command,
    {"anyOf": [TEXT_SCHEMA, {"type": "array", "items": TEXT_SCHEMA, "minItems": 1}]},
)


def _is_variable(name: Scalar, page: Page) -> bool:
    if re.fullmatch(_VARIABLE, name.text):
        return True
    page.wrong(name, f"{quoted(name.text)} is not the name of a variable", "use letters, digits and _")
    return False


def _read_value(node: Node, page: Page) -> str | None:
    if isinstance(node, Scalar) and node.is_null:
        page.wrong(node, "a variable without a value", 'write "" for an empty text')
        return None
    text = TEXT.read(node, page)
    if text is not None and "\0" in text:
        page.wrong(node, "no NUL can stand in a variable")
        return None
    return text


ENV: Kind[dict[str, str]] = text_map(
    "a map of variables",
    "{LANG: C}",
    _is_variable,
    "^[A-Za-z_][A-Za-z0-9_]*$",
    Kind("a text", _read_value, TEXT_SCHEMA),
)
