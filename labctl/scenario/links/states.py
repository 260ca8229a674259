"""The states of a LINK: what its counters must say, and what can be asked of which packets."""

from __future__ import annotations

from labctl.scenario.kinds.maps import object_schema, table
from labctl.scenario.kinds.measures import NUM
from labctl.scenario.links.faults import COUNT_OF
from labctl.scenario.links.order import ORDER, check_order
from labctl.scenario.links.packets import ONLY, ORDINALS
from labctl.scenario.model import Link, LinkState, Num, Only
from labctl.scenario.reading import Key, Kind, Page, Unreadable, Values
from labctl.scenario.states.kinds import state_kind
from labctl.scenario.words import LINK_STATE_WORDS
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Sequence

_OF_TCP = ("retransmitted", "resets")


def _read_dropped(node: Node, page: Page) -> Num | tuple[int, ...] | None:
    if not isinstance(node, Sequence):
        return NUM.read(node, page)
    if not node.items:
        page.wrong(node, "the list is empty", "write `dropped: 0` for: none was lost")
        return None
    return ORDINALS.read(node, page)


_SENT, _ARRIVED = (
    Key("sent", NUM, "so many packets were sent since the last `link` step there, else since the beginning"),
    Key("arrived", NUM, "so many packets have arrived since then"),
)
_DROPPED: Key[Num | tuple[int, ...]] = Key(
    "dropped",
    Kind("a whole number, {min, max} or a list", _read_dropped, {"anyOf": [NUM.schema, ORDINALS.schema]}),
    "so many packets were lost by the rules since then; a list: exactly these",
)
_RETRANSMITTED, _RESETS = (
    Key("retransmitted", NUM, "so many segments were sent again since then"),
    Key("resets", NUM, "so many resets were sent since then"),
)
_COUNTED_KEYS = table(_SENT, _ARRIVED, _DROPPED, _RETRANSMITTED, _RESETS)
_KEYS = table(*_COUNTED_KEYS.values(), ORDER)


def _link_state(values: Values, page: Page) -> LinkState:
    return LinkState(
        sent=values.get(_SENT),
        arrived=values.get(_ARRIVED),
        dropped=values.get(_DROPPED),
        retransmitted=values.get(_RETRANSMITTED),
        resets=values.get(_RESETS),
        order=values.get(ORDER) or (),
    )


LINK_STATE: Kind[LinkState] = state_kind("a link's state", _KEYS, LINK_STATE_WORDS, _link_state)
LINK_UNTIL_SCHEMA = object_schema(_COUNTED_KEYS, minProperties=1)


def link_state(link: Link, key: Key[Node], values: Values, page: Page) -> LinkState:
    """What must be so of a link, from the node under this key. Raises Unreadable where it is wrong."""
    node = values.need(key)
    state = LINK_STATE.read(node, page)
    if state is None or not isinstance(node, MapNode):
        raise Unreadable(key.name)
    asked = Values(node)
    if key.name == "until" and "order" in asked.keys:
        message = "'order' is judged at the end of the run, and a wait wants to know now"
        page.wrong(asked.keys["order"], message, "write a step `check: A -> B` with `expect`")
    _check(link, state, values, asked, page)
    return state


def _check(link: Link, state: LinkState, values: Values, asked: Values, page: Page) -> None:
    only: Only | None = values.get(ONLY)
    if isinstance(state.dropped, tuple) and link.both:
        hint = f"write a step for {link.sender} -> {link.receiver}, or how many in all"
        page.wrong(asked.nodes["dropped"], "each direction of a link has a packet 1, 2, 3 …", hint)
    elif isinstance(state.dropped, tuple) and "only" not in values.nodes:
        page.wrong(asked.nodes["dropped"], "packets are counted of one kind, and 'only' is missing", COUNT_OF)
    for name in _OF_TCP:
        if name in asked.nodes and only is not None and only.protocol != "tcp":
            page.wrong(asked.keys[name], f"'{name}' is about tcp, and not about {only.protocol}", "remove it")
    if state.order:
        check_order(state.order, asked.nodes["order"], link, only, page)
