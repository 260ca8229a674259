"""`healthcheck` of a service in compose.yaml -> the command that says whether its host is healthy, and how it is asked.

The format: https://github.com/compose-spec/compose-spec/blob/main/05-services.md#healthcheck.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from labctl.plan.model import Health
from labctl.plan.values import merged, read_whole
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Mapping, Node, Scalar, Sequence

_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
_TIMES = {"interval": 30.0, "timeout": 30.0, "start_period": 0.0}
"""Keys that are times, and what holds where they are missing (Docker's own)."""
_RETRIES = 3


def read_healthcheck(node: Node, page: Page, note: Callable[[Scalar | Node, str], None]) -> Health | None:
    """The healthcheck; None where there is to be none, and after noting what is wrong.

    `note` is told, with its place, what a lab can't honour.
    """
    if not isinstance(node, Mapping):
        note_kind(node, page, "a map with 'test'")
        return None
    entries = {name: value for name, (_, value) in merged(node, page).items()}
    disable = entries.get("disable")
    if isinstance(disable, Scalar) and disable.text == "true":
        return None
    times = {name: _seconds(entries[name], page) if name in entries else given for name, given in _TIMES.items()}
    if "start_interval" in entries:
        _seconds(entries["start_interval"], page)
    retries = read_whole(entries["retries"], page) if "retries" in entries else _RETRIES
    for name, (key, _) in merged(node, page).items():
        if name not in (*_TIMES, "test", "disable", "retries", "start_interval") and not name.startswith("x-"):
            note(key, f"a lab takes no {quoted(name)} of a healthcheck")
    if "test" not in entries:
        note(node, "a lab knows no healthcheck of an image's own: write its `test`")
        return None
    command = _command(entries["test"], page)
    if command is None:
        return None
    return Health(
        command=command,
        interval_s=times["interval"] or _TIMES["interval"],
        timeout_s=times["timeout"] or _TIMES["timeout"],
        start_period_s=times["start_period"],
        retries=retries or _RETRIES,
    )


def _command(node: Node, page: Page) -> tuple[str, ...] | None:
    """The words to run; None for no healthcheck, and after noting what is wrong."""
    if isinstance(node, Scalar) and not node.is_null:
        return ("/bin/sh", "-c", _plain(node.text))
    title = "a text, or a list that begins with CMD, CMD-SHELL or NONE"
    if not isinstance(node, Sequence) or not node.items:
        note_kind(node, page, title)
        return None
    words: list[str] = []
    for item in node.items:
        if not isinstance(item, Scalar) or item.is_null:
            note_kind(item, page, "a word of the healthcheck's command")
            return None
        words.append(_plain(item.text))
    kind, rest = words[0], words[1:]
    if kind == "NONE":
        return None
    if kind == "CMD" and rest:
        return tuple(rest)
    if kind == "CMD-SHELL" and len(rest) == 1:
        return ("/bin/sh", "-c", rest[0])
    if kind in ("CMD", "CMD-SHELL"):
        what = "the words of a command" if kind == "CMD" else "one text"
        page.wrong(node.items[0], f"{quoted(kind)} takes {what}", f"write {what} after it")
    else:
        page.wrong(node.items[0], f"{quoted(kind)} begins no healthcheck", f'write `["CMD", {", ".join(words)}]`')
    return None


def _plain(text: str) -> str:
    return text.replace("$$", "$")


def _seconds(node: Node, page: Page) -> float:
    """A time like `1m30s`; 0 after noting that it is none."""
    text = node.text if isinstance(node, Scalar) else ""
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        note_kind(node, page, "a time like `1m30s` or `500ms`")
        return 0.0
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
