"""What `wait` and `check` are about, and which states may stand under their `until` and `expect`."""

from __future__ import annotations

from typing import TypeVar

from labctl.scenario.links.states import LINK_STATE, LINK_UNTIL_SCHEMA, link_state
from labctl.scenario.model import End, Link, Port, PortState, ProgramRef, State, Subject, Thing
from labctl.scenario.reading import Key, Kind, Page, Unreadable, Values
from labctl.scenario.states.kinds import ENDS, PORT_STATE, PROGRAM_CHECK, PROGRAM_UNTIL, thing_state
from labctl.scenario.states.things import THINGS
from labctl.scenario.yaml.tree import Node

T = TypeVar("T")


def _read_later(node: Node, page: Page) -> Node | None:
    """Take the node as it is: what may stand in it depends on the subject beside it."""
    return node


def _things_schema() -> list[object]:
    return [thing_state(Thing(module, "")).schema for module in THINGS]


UNTIL: Key[Node] = Key(
    "until",
    Kind(
        "a state",
        _read_later,
        {"anyOf": [PROGRAM_UNTIL.schema, PORT_STATE.schema, *_things_schema(), LINK_UNTIL_SCHEMA]},
    ),
    "the wait is over when this is so",
)
WAIT_EXPECT: Key[Node] = Key(
    "expect", Kind("what must be so at the end", _read_later, ENDS.schema), "what must be so at its end"
)
CHECK_EXPECT: Key[Node] = Key(
    "expect",
    Kind(
        "a state",
        _read_later,
        {"anyOf": [PROGRAM_CHECK.schema, PORT_STATE.schema, *_things_schema(), LINK_STATE.schema]},
    ),
    "what must be so now",
)


def known_subject(subject: Subject, values: Values, page: Page, *, verb: str) -> Subject:
    """The subject, after a look at whether `on` and `only` fit it. Raises Unreadable where `on` is missing."""
    if isinstance(subject, Link):
        if "on" in values.keys:
            page.wrong(values.keys["on"], "'on' does not stand with a link: it names its hosts", "remove it")
        return subject
    if "only" in values.keys:
        page.wrong(values.keys["only"], "'only' stands with a link", "remove it")
    if isinstance(subject, ProgramRef):
        if "on" in values.keys:
            page.wrong(values.keys["on"], "'on' does not stand with a program: its host is known", "remove it")
    elif "on" not in values.keys:
        what = "a port" if isinstance(subject, Port) else "a THING"
        page.wrong(values.nodes[verb], f"{what} is looked at on a host, and 'on' is missing", "add `on: HOST`")
        raise Unreadable("on")
    return subject


def wait_ends(subject: Subject, values: Values, page: Page) -> tuple[State | None, tuple[End, ...] | None]:
    """`until` and `expect` of a wait: exactly one of them is set."""
    if isinstance(subject, ProgramRef):
        if "until" in values.nodes and "expect" in values.nodes:
            hint = "write two steps: one waits `until` something is so, one judges the end"
            page.wrong(values.keys["expect"], "a wait has `until` or `expect`", hint)
            raise Unreadable("expect")
        if "until" in values.nodes:
            return _state(PROGRAM_UNTIL, UNTIL, values, page), None
        return None, _state(ENDS, WAIT_EXPECT, values, page) if "expect" in values.nodes else (End(),)
    if "expect" in values.nodes:
        page.wrong(
            values.keys["expect"],
            "a wait for this has no `expect`",
            "write `until`, or `check` instead of `wait`",
        )
        raise Unreadable("expect")
    if isinstance(subject, Port):
        return _port_state(UNTIL, values, page), None
    if "until" not in values.nodes:
        what, state = ("link", "arrived: 3") if isinstance(subject, Link) else ("THING", "ATTRIBUTE: value")
        page.wrong(values.nodes["wait"], f"a wait for a {what} needs `until`", f"add `until: {{{state}}}`")
        raise Unreadable("until")
    if isinstance(subject, Link):
        return link_state(subject, UNTIL, values, page), None
    return _state(thing_state(subject), UNTIL, values, page), None


def check_expects(subject: Subject, values: Values, page: Page) -> State | None:
    """`expect` of a check; None for a program of which only is expected that it runs."""
    if isinstance(subject, ProgramRef):
        return _state(PROGRAM_CHECK, CHECK_EXPECT, values, page) if "expect" in values.nodes else None
    if isinstance(subject, Port):
        return _port_state(CHECK_EXPECT, values, page)
    if "expect" not in values.nodes:
        what, state = ("link", "arrived: 3") if isinstance(subject, Link) else ("THING", "ATTRIBUTE: value")
        page.wrong(values.nodes["check"], f"nothing is expected of this {what}", f"add `expect: {{{state}}}`")
        raise Unreadable("expect")
    if isinstance(subject, Link):
        return link_state(subject, CHECK_EXPECT, values, page)
    return _state(thing_state(subject), CHECK_EXPECT, values, page)


def _port_state(key: Key[Node], values: Values, page: Page) -> PortState:
    return _state(PORT_STATE, key, values, page) if key.name in values.nodes else PortState(listening=True)


def _state(kind: Kind[T], key: Key[Node], values: Values, page: Page) -> T:
    """Read a node now that its kind is known."""
    state = kind.read(values.need(key), page)
    if state is None:
        raise Unreadable(key.name)
    return state
