"""What must be so: the states of a running program, a port and a THING, and the end of a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from labctl.scenario.kinds.basic import BOOL, COUNT, TEXT, whole
from labctl.scenario.kinds.maps import object_schema, read_map, table
from labctl.scenario.kinds.measures import NUM, SPAN
from labctl.scenario.kinds.signals import SIGNALS, signal_hint
from labctl.scenario.kinds.texts import MATCH, OUTPUT
from labctl.scenario.model import End, Num, PortState, ProgramState, Thing, ThingState
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Key, Kind, Page, Values, Words, expect_map
from labctl.scenario.states.calls import SYSCALLS
from labctl.scenario.states.thing_kinds import attribute_keys, attribute_words, shape_of
from labctl.scenario.words import CHECK_WORDS, END_WORDS, PORT_WORDS, PROGRAM_WORDS
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

T = TypeVar("T")

SOCKET_STATES = ("syn-sent", "syn-received", "established", "fin-wait", "close-wait", "time-wait")
_EXIT_WORDS = ("nonzero", "any")


def _read_call(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is not None and not (text.isascii() and text.replace("_", "a").isalnum() and text.islower()):
        page.wrong(node, f"{quoted(text)} is not the name of a system call", "write it like `accept` or `read`")
        return None
    return text


CALL: Kind[str] = Kind("a system call", _read_call, {"type": "string", "pattern": "^[a-z0-9_]+$"})


def _read_exit(node: Node, page: Page) -> int | str | None:
    if isinstance(node, MapNode):
        zero = [k.text for k, v in node.entries if isinstance(v, Scalar) and v.text == "0"] == ["not"]
        page.wrong(node, "a status or a signal is expected here, not a map", "write `nonzero`" if zero else None)
        return None
    text = TEXT.read(node, page)
    if text is None:
        return None
    status = whole(text)
    if text == "137":
        page.wrong(node, "'137' is what a shell says of a killed program", "write `KILL`")
    elif status is not None and status <= 255:
        if 128 < status <= 128 + 31 and (name := _signal_numbered(status - 128)):
            page.warn(
                node,
                f"'{status}' is what a shell says of a program ended by {name}",
                f"write `{name}` if it is the program itself",
            )
        return status
    elif status is None and (text in SIGNALS or text in _EXIT_WORDS):
        return text
    else:
        page.wrong(node, f"{quoted(text)} is not a way to end", _exit_hint(text, status))
    return None


def _signal_numbered(number: int) -> str | None:
    return next((name for name, its in SIGNALS.items() if its == number), None)


def _exit_hint(text: str, status: int | None) -> str | None:
    if status is not None:
        return "write a status from 0 to 255"
    words = {
        "success": "0",
        "ok": "0",
        "zero": "0",
        "failure": "nonzero",
        "error": "nonzero",
        "fail": "nonzero",
    }
    if text.lower() in words:
        return f"write `{words[text.lower()]}`"
    return (
        signal_hint(text)
        or did_you_mean(text, (*_EXIT_WORDS, *SIGNALS))
        or "write a status, a signal, `nonzero` or `any`"
    )


EXIT: Kind[int | str] = Kind(
    "a status, a signal, `nonzero` or `any`",
    _read_exit,
    {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 255}, {"enum": [*_EXIT_WORDS, *SIGNALS]}]},
)

_EXIT = Key(
    "exit",
    EXIT,
    "how it ended: a status, a signal, `nonzero` (a status, no crash) or `any`; 0 unless something else is said",
)
_STDOUT = Key("stdout", MATCH, "all that it has printed on its standard output")
_STDERR = Key("stderr", MATCH, "all that it has printed on its standard error")
_TOOK = Key("took", SPAN, "how long it took, from its start to its end")
_COUNT = Key("count", COUNT, "of so many of the programs this is so")
_SYSCALLS = Key("syscalls", SYSCALLS, "calls that it made, in this order, gaps allowed; seen from the record")
_END_KEYS = table(_EXIT, _STDOUT, _STDERR, _TOOK, _SYSCALLS)
_COUNTED_END_KEYS = table(
    Key("count", COUNT, "of so many of the programs this is so; all together are all of them", required=True),
    *_END_KEYS.values(),
)


_END_HINT = "write `expect: {stdout: …}` for what it prints"


def _read_end(node: Node, page: Page) -> End | None:
    found = expect_map(node, page, "a map like `{exit: 0}`", _END_HINT)
    if found is None or _is_empty(found, page):
        return None
    return _end(read_map(found, page, _END_KEYS, END_WORDS))


def _read_counted_end(node: Node, page: Page) -> End | None:
    found = expect_map(node, page, "a map like `{count: 2, stdout: …}`")
    return None if found is None else _end(read_map(found, page, _COUNTED_END_KEYS, END_WORDS))


def _end(values: Values) -> End:
    return End(
        exit=values.get(_EXIT),
        stdout=values.get(_STDOUT),
        stderr=values.get(_STDERR),
        took=values.get(_TOOK),
        count=values.get(_COUNT),
        syscalls=values.get(_SYSCALLS) or (),
    )


def _read_ends(node: Node, page: Page) -> tuple[End, ...] | None:
    if not isinstance(node, Sequence):
        end = _read_end(node, page)
        return None if end is None else (end,)
    if not node.items:
        page.wrong(node, "a list of ends is expected here, and it is empty", "leave `expect` out")
        return None
    ends = [_read_counted_end(item, page) for item in node.items]
    good = tuple(end for end in ends if end is not None)
    return good if len(good) == len(ends) and all(end.count is not None for end in good) else None


ENDS: Kind[tuple[End, ...]] = Kind(
    "what must be so at the end",
    _read_ends,
    {
        "anyOf": [
            object_schema(_END_KEYS, minProperties=1),
            {"type": "array", "items": object_schema(_COUNTED_END_KEYS), "minItems": 1},
        ]
    },
)

_OUTPUT = Key("output", OUTPUT, "this is newly on its screen: in what came on either stream since the last match")
_BLOCKED = Key("blocked", CALL, "it, or a child of its, sleeps in this system call")
_CHILDREN = Key("children", NUM, "so many children of its live")
_ZOMBIES = Key("zombies", NUM, "so many children of its have ended, and nobody has waited for them")
_UNTIL_KEYS = table(_OUTPUT, _BLOCKED, _CHILDREN, _ZOMBIES)
_CHECK_KEYS = table(_BLOCKED, _CHILDREN, _ZOMBIES, _STDOUT, _STDERR)


def _program_state(values: Values, page: Page) -> ProgramState:
    return ProgramState(
        output=values.get(_OUTPUT),
        blocked=values.get(_BLOCKED),
        children=values.get(_CHILDREN),
        zombies=values.get(_ZOMBIES),
        stdout=values.get(_STDOUT),
        stderr=values.get(_STDERR),
    )


_LISTENING = Key("listening", BOOL, "a socket accepts connections there; with udp: is bound there")
_WAITING = Key("waiting", NUM, "so many connections wait there to be accepted")
_UNREAD = Key("unread", NUM, "so many bytes have arrived there, and nobody has read them")
_UNACKED = Key("unacked", NUM, "so many bytes were sent from there, and are not acknowledged")
_OVERFLOWED = Key("overflowed", NUM, "so many datagrams were thrown away there, because the buffer was full")
_SOCKETS: dict[str, Key[Num]] = {
    name: Key(name, NUM, "so many sockets there are in this state") for name in SOCKET_STATES
}
_PORT_KEYS = table(_LISTENING, _WAITING, _UNREAD, _UNACKED, _OVERFLOWED, *_SOCKETS.values())


def _port_state(values: Values, page: Page) -> PortState:
    counted = {name: values.get(key) for name, key in _SOCKETS.items()}
    return PortState(
        listening=values.get(_LISTENING),
        waiting=values.get(_WAITING),
        unread=values.get(_UNREAD),
        unacked=values.get(_UNACKED),
        overflowed=values.get(_OVERFLOWED),
        sockets={name: number for name, number in counted.items() if number is not None},
    )


def _thing_state(values: Values, page: Page) -> ThingState:
    return ThingState(values.everything())


def _is_empty(node: MapNode, page: Page) -> bool:
    if not node.entries:
        page.wrong(node, "nothing is expected here", "write what must be so, or leave the key out")
    return not node.entries


def state_kind(title: str, keys: dict[str, Key[Any]], words: Words, make: Callable[[Values, Page], T]) -> Kind[T]:
    """A map of states with at least one key; `make` turns its values into one."""

    def read(node: Node, page: Page) -> T | None:
        found = expect_map(node, page, title)
        if found is None or _is_empty(found, page):
            return None
        return make(read_map(found, page, keys, words), page)

    return Kind(title, read, object_schema(keys, minProperties=1))


PROGRAM_UNTIL: Kind[ProgramState] = state_kind("a program's state", _UNTIL_KEYS, PROGRAM_WORDS, _program_state)
PROGRAM_CHECK: Kind[ProgramState] = state_kind("a program's state", _CHECK_KEYS, CHECK_WORDS, _program_state)
PORT_STATE: Kind[PortState] = state_kind("a port's state", _PORT_KEYS, PORT_WORDS, _port_state)


def thing_state(thing: Thing) -> Kind[ThingState]:
    """The attributes of a THING, as `expect` and `until` take them."""
    title = f"a map of what `{thing.module}` has"
    return state_kind(title, attribute_keys(shape_of(thing)), attribute_words(thing.module), _thing_state)
