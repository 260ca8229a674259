"""How the arguments of THINGs and the values of their attributes are read; the shapes are in things.py."""

from __future__ import annotations

import re
from typing import Any

from labctl.scenario.kinds.basic import BOOL, TEXT, TEXT_SCHEMA, WHOLE, list_of, port_number
from labctl.scenario.kinds.maps import object_schema, read_map
from labctl.scenario.model import Thing
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Key, Kind, Page, Words
from labctl.scenario.states.things import ADDR_PORT, ARGUED, THINGS, Shape
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node

LONGEST_ADDRESS = 255 + 6  # a name of 255 bytes (RFC 1035, 2.3.4), a colon and a port

_SOCKET = r"(tcp|udp)://(?:(.+):)?([^:/]+)|unix://(.+)"
# testinfra puts the name of an addr into a shell command without quoting it.
_ADDRESS = r"([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::([^:]*))?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
_INTERFACE = r"[A-Za-z0-9_.-]{1,15}"
_ACCOUNT = r"[A-Za-z_][A-Za-z0-9_.-]*\$?"
_MODE = r"(?:0o?)?([0-7]{3,4})"


def _read_socket(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None:
        return None
    found = re.fullmatch(_SOCKET, text)
    if found is None:
        page.wrong(node, f"{quoted(text)} is not a socket of testinfra's", _socket_hint(text))
        return None
    if found[1] is None:
        return text
    if port_number(found[3], node, page) is None:
        return None
    return text if found[2] is None or _is_ip(found[2], node, page) else None


def _is_ip(address: str, node: Node, page: Page) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(address)
    except ValueError:
        hint = "write an address such as 0.0.0.0 or ::, or look at a PORT: `check: tcp localhost:51717`"
        page.wrong(node, f"{quoted(address)} is not an address: testinfra looks up no names here", hint)
        return False
    return True


def _socket_hint(text: str) -> str:
    if found := re.fullmatch(r"(tcp|udp) (.+)", text):
        return f'write "{found[1]}://{found[2]}"'
    return 'write it like "tcp://0.0.0.0:51717" or "unix:///path"'


def _read_path(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is not None and (not text.startswith("/") or "\0" in text):
        page.wrong(node, f"{quoted(text)} is not a path from the root", "write it with / at its beginning")
        return None
    return text


def _read_address(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None:
        return None
    found = re.fullmatch(_ADDRESS, text) if len(text) <= LONGEST_ADDRESS else None
    if found is None:
        page.wrong(node, f"{quoted(text)} is not HOST or HOST:PORT", "write it like `cheerios` or `cheerios:51717`")
        return None
    if found[2] is not None and port_number(found[2], node, page) is None:
        return None
    return text


def _pattern(title: str, pattern: str) -> Kind[str]:
    def read(node: Node, page: Page) -> str | None:
        text = TEXT.read(node, page)
        if text is None or re.fullmatch(pattern, text):
            return text
        page.wrong(node, f"{quoted(text)} is not {title}")
        return None

    return Kind(title, read, {"type": "string", "pattern": f"^{pattern}$"})


def _read_command(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is not None and (not text.strip() or "\0" in text):
        page.wrong(node, f"{quoted(text)} is not a command")
        return None
    return text


_PROCESS_KEYS = {
    name: Key(name, TEXT, f"the process whose `{name}` is this, as ps(1) says it")
    for name in THINGS["process"].attributes
}
_PROCESS_WORDS = Words(
    "the filters of a process", {"name": "write `comm`", "command": "write `args`", "cmd": "write `args`"}
)


def _read_filters(node: Node, page: Page) -> dict[str, str] | None:
    if not isinstance(node, MapNode):
        page.wrong(node, "a process is found by a map of filters", "write it like `{process: {comm: server}}`")
        return None
    if not node.entries:
        page.wrong(node, "a process is found by at least one filter", "write it like `{comm: server}`")
        return None
    values = read_map(node, page, _PROCESS_KEYS, _PROCESS_WORDS)
    texts = {name: values.get(key) for name, key in _PROCESS_KEYS.items()}
    return {name: text for name, text in texts.items() if text is not None}


ARGUMENTS: dict[str, Kind[Any]] = {  # Any: a text, or the filters of a process
    "socket": Kind("a socket", _read_socket, {"type": "string", "pattern": "^(tcp|udp|unix)://"}),
    "path": Kind("a path", _read_path, {"type": "string", "pattern": "^/"}),
    "address": Kind("HOST or HOST:PORT", _read_address, {"type": "string"}),
    "interface": _pattern("the name of an interface", _INTERFACE),
    "name": _pattern("the name of an account", _ACCOUNT),
    "command": Kind("a command", _read_command, TEXT_SCHEMA),
    "filters": Kind("filters", _read_filters, object_schema(_PROCESS_KEYS, minProperties=1)),
}


def _read_mode(node: Node, page: Page) -> int | None:
    text = TEXT.read(node, page)
    if text is None:
        return None
    found = re.fullmatch(_MODE, text)
    if found is None:
        page.wrong(node, f"{quoted(text)} is not a file's mode", "write it in octal, such as 0644")
        return None
    return int(found[1], 8)


def _read_list(node: Node, page: Page) -> list[str] | None:
    texts = _TEXTS.read(node, page)
    return None if texts is None else list(texts)


_TEXTS = list_of(TEXT, "a list of texts")

VALUES: dict[str, Kind[Any]] = {  # Any: each kind of value has a type of its own
    "bool": BOOL,
    "int": WHOLE,
    "text": TEXT,
    "texts": Kind(_TEXTS.title, _read_list, _TEXTS.schema),
    "mode": Kind("a file's mode", _read_mode, {"type": ["string", "integer"]}),
}


def shape_of(thing: Thing) -> Shape:
    """What this THING has. `{addr: HOST:PORT}` is a port, which has less than a host."""
    if thing.module == "addr" and isinstance(thing.argument, str) and (found := re.fullmatch(_ADDRESS, thing.argument)):
        return ADDR_PORT if found[2] else THINGS["addr"]
    return THINGS[thing.module]


def attribute_keys(shape: Shape) -> dict[str, Key[Any]]:
    """The keys that may stand under `expect` or `until` for a THING of this shape."""
    return {
        name: Key(name, VALUES[kind], f"testinfra's `{name}` of it is this") for name, kind in shape.attributes.items()
    }


def attribute_words(module: str) -> Words:
    """What to say of other keys there."""
    return Words(f"the attributes of `{module}`", ARGUED.get(module, {}))
