"""`syscalls`: the calls that must be in a program's record, by name, arguments, outcome, time and number."""

from __future__ import annotations

import errno
import os
import re

from labctl.scenario.kinds.basic import TEXT, TEXT_SCHEMA, list_of
from labctl.scenario.kinds.maps import object_schema, read_map, table
from labctl.scenario.kinds.measures import NUM, SPAN
from labctl.scenario.model import Num, Syscall
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Key, Kind, Page, Values, Words, note_kind
from labctl.scenario.states.call_names import CALL_NAMES, INSTEAD, OF_THE_LIBRARY
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

SAME_ERROR = {"EWOULDBLOCK": "EAGAIN", "EDEADLOCK": "EDEADLK", "ENOTSUP": "EOPNOTSUPP"}
"""Second names of an error, and that by which strace calls it."""
ERRORS = frozenset(name for name in vars(errno) if re.fullmatch("E[A-Z0-9]+", name)) - SAME_ERROR.keys()

_LOOKED_AT = "only calls on sockets, and fork, wait and signal calls, are looked at"


def _read_call(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None or text in CALL_NAMES:
        return text
    name = re.sub(r"\(\w*\)$", "", text.strip()).lower()
    right = INSTEAD.get(name, name)
    if name in OF_THE_LIBRARY:
        page.wrong(node, f"{quoted(text)} is a function of the C library, and no system call", _LOOKED_AT)
    elif right != name:
        page.wrong(node, f"{quoted(text)} is called otherwise in the record", f"write `{right}`")
    elif name in CALL_NAMES:
        page.wrong(node, f"{quoted(text)} is not the name of a system call", f"write `{name}`")
    else:
        page.wrong(node, f"{quoted(text)} is no system call that is looked at", _nearest(name) or _LOOKED_AT)
    return None


def _nearest(name: str) -> str | None:
    """The known name that is meant, None where nobody can tell: there are too many to list."""
    from difflib import get_close_matches

    return did_you_mean(name, CALL_NAMES) if get_close_matches(name, CALL_NAMES, n=1, cutoff=0.6) else None


def _read_args(node: Node, page: Page) -> str | None:
    if isinstance(node, Sequence):
        note_kind(node, page, "a part of the arguments", "write one text, as strace does: `args: htons(51717)`")
        return None
    text = TEXT.read(node, page)
    if text == "":
        page.wrong(node, 'every call has "" in its arguments', "leave it out")
        return None
    return text


def _read_error(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None or text in ERRORS:
        return text
    page.wrong(node, f"{quoted(text)} is not the name of an error", _error_hint(text))
    return None


def _error_hint(text: str) -> str:
    name, digits = text.upper(), text.removeprefix("-")
    if text.lower() in ("0", "none", "no", "false", "ok", "success"):
        return "leave it out, and write `returns` for a call that succeeds"
    if digits.isascii() and digits.isdigit() and len(digits) <= 4:
        name = errno.errorcode.get(int(digits), "")
    named = SAME_ERROR.get(name, name)
    meant = named if named in ERRORS else _by_message(text)
    return f"write `{meant}`" if meant else did_you_mean(text, ERRORS) or "write it like `EADDRINUSE` (errno(3))"


def _by_message(text: str) -> str | None:
    """The error of which the C library says this."""
    messages = {os.strerror(getattr(errno, name)).lower(): name for name in sorted(ERRORS)}
    return messages.get(text.lower())


def _read_returns(node: Node, page: Page) -> Num | None:
    text = node.text if isinstance(node, Scalar) else ""
    if re.fullmatch("-[0-9]+", text):
        message = f"{quoted(text)} is how a call fails, and its error says why"
        page.wrong(node, message, "write `error` with its name, like `error: EADDRINUSE`")
        return None
    if SAME_ERROR.get(text, text) in ERRORS:
        page.wrong(node, f"{quoted(text)} is not a number", f"write `error: {SAME_ERROR.get(text, text)}`")
        return None
    return NUM.read(node, page)


_CALL = Key(
    "call",
    Kind("a system call", _read_call, {"enum": sorted(CALL_NAMES)}),
    "the system call; read, write, accept, fork, wait and poll stand for their families",
    required=True,
)
_ARGS = Key(
    "args",
    Kind("a part of its arguments", _read_args, TEXT_SCHEMA),
    "this is a part of its arguments, as strace writes them",
)
_ERROR = Key("error", Kind("the name of an error", _read_error, {"enum": sorted(ERRORS)}), "it failed with this error")
_RETURNS = Key("returns", Kind("a whole number or {min, max}", _read_returns, NUM.schema), "it returned this")
_TOOK = Key("took", SPAN, "so long was spent in it")
_COUNT = Key("count", NUM, "so often, of all its calls; 0: never")
_KEYS = table(_CALL, _ARGS, _ERROR, _RETURNS, _TOOK, _COUNT)
_WORDS = Words(
    "a system call",
    {
        **{name: f"write `call` with its name: `{{call: {name}, …}}`" for name in sorted(CALL_NAMES)},
        **dict.fromkeys(("name", "syscall", "system-call"), "write `call`"),
        **dict.fromkeys(("errno", "err", "fails", "fails-with"), "write `error`"),
        **dict.fromkeys(("return", "returned", "result", "ret", "rc", "value"), "write `returns`"),
        **dict.fromkeys(("arguments", "argument", "arg", "with", "contains", "fd"), "write `args`"),
        **dict.fromkeys(("times", "often", "number"), "write `count`"),
        **dict.fromkeys(("time", "duration", "blocked", "blocks"), "write `took`"),
        **dict.fromkeys(("not", "never", "absent"), "write `count: 0`"),
    },
)


def _read_syscall(node: Node, page: Page) -> Syscall | None:
    if isinstance(node, Scalar):
        name = _read_call(node, page)
        return None if name is None else Syscall(name)
    if not isinstance(node, MapNode):
        note_kind(node, page, "a system call", "write its name, or a map like `{call: bind, error: EADDRINUSE}`")
        return None
    values = read_map(node, page, _KEYS, _WORDS)
    _check_outcome(values, page)
    name = values.get(_CALL)
    if name is None:
        return None
    return Syscall(
        name, values.get(_ARGS), values.get(_ERROR), values.get(_RETURNS), values.get(_TOOK), values.get(_COUNT)
    )


def _check_outcome(values: Values, page: Page) -> None:
    if "error" in values.keys and "returns" in values.keys:
        message = "a call fails or returns something, and here are `error` and `returns`"
        page.wrong(values.keys["returns"], message, "keep one of them")


_SYSCALL: Kind[Syscall] = Kind(
    "a system call",
    _read_syscall,
    {
        "anyOf": [
            _CALL.kind.schema,
            object_schema(_KEYS, **{"not": {"required": ["error", "returns"]}}),
        ]
    },
)
_LIST = list_of(_SYSCALL, "a list of system calls")


def _read_syscalls(node: Node, page: Page) -> tuple[Syscall, ...] | None:
    if isinstance(node, MapNode):
        note_kind(node, page, _LIST.title, "write a list: `[{call: …}]`")
        return None
    return _LIST.read(node, page)


SYSCALLS: Kind[tuple[Syscall, ...]] = Kind(_LIST.title, _read_syscalls, _LIST.schema)
