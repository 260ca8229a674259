"""What a step is about: a program, a PORT, a LINK or a THING, told apart by how it is written."""

from __future__ import annotations

import re
from typing import Literal, cast

from labctl.scenario.kinds.basic import TAKEN, TEXT, WORD_SCHEMA, is_word, port_number
from labctl.scenario.kinds.measures import seconds
from labctl.scenario.model import Link, Port, ProgramRef, Subject, Thing
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Kind, Page, note_kind
from labctl.scenario.states.thing_kinds import ARGUMENTS
from labctl.scenario.states.things import ELSEWHERE, THINGS
from labctl.scenario.words import NO_SLEEP
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar

LONGEST_SOCKET_PATH = 107  # sun_path holds 108 bytes (unix(7)), and one ends the path

_PORT = r"(tcp|udp) (?:(.+):)?([^:\s]+)"
_UNIX = r"(?s)unix (\S.*)"
_LINK = r"(\S+) (->|<->) (\S+)"
_ARROW = r"<->|->|<-|→|←|↔"
_NEARLY_PORT = r"(?i)(tcp|udp)\s*(?:://|:|/|\s+port\s+|\s+)\s*(?:(\S+):)?([0-9]+)|([0-9]+)\s*/\s*(tcp|udp)|([0-9]+)"
_IPV4 = r"[0-9]+\.[0-9.]+"
_ADDRESS = r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]"

_NUMBER = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
PORT_PATTERN = rf"^((tcp|udp) ([^ ]+:)?{_NUMBER}|unix [/@].+)$"
LINK_PATTERN = r"^[a-z][a-z0-9-]* <?-> [a-z][a-z0-9-]*$"


def _read_port(node: Node, page: Page) -> Port | None:
    text = TEXT.read(node, page)
    return None if text is None else _port(text, node, page)


def _read_ready_port(node: Node, page: Page) -> Port | None:
    text = TEXT.read(node, page)
    if text in ("tcp", "udp"):
        return Port(cast(Literal["tcp", "udp"], text))
    return None if text is None else _port(text, node, page)


def _port(text: str, node: Node, page: Page) -> Port | None:
    if found := re.fullmatch(_UNIX, text):
        return _unix_port(found[1], node, page)
    found = re.fullmatch(_PORT, text)
    if found is None:
        page.wrong(node, f"{quoted(text)} is not a port", _port_hint(text))
        return None
    number = port_number(found[3], node, page)
    if number is None:
        return None
    address = found[2]
    if address is not None and not _is_address(address, node, page):
        return None
    return Port(cast(Literal["tcp", "udp"], found[1]), number, address.strip("[]") if address else None)


def _unix_port(path: str, node: Node, page: Page) -> Port | None:
    if path[0] not in "/@" or len(path) == 1:
        page.wrong(node, f"{quoted(path)} is not the path of a socket", "write `unix /path`, or `unix @name`")
        return None
    if len(path.encode()) > LONGEST_SOCKET_PATH or "\0" in path:
        page.wrong(node, f"no socket can have the path {quoted(path)}", f"use at most {LONGEST_SOCKET_PATH} bytes")
        return None
    return Port("unix", path=path)


def _is_address(address: str, node: Node, page: Page) -> bool:
    if address in ("*", "any", "all"):
        page.wrong(node, f"{quoted(address)} is no address", "leave it out for any address")
        return False
    if is_word(address):
        return True  # whether there is such a host is looked up when all hosts are known
    if re.fullmatch(_IPV4, address) or ":" in address:
        from ipaddress import ip_address  # 3 ms of start-up that few scenarios need

        try:
            ip_address(address.strip("[]"))
        except ValueError:
            page.wrong(node, f"{quoted(address)} is not an address", "write a host's name")
            return False
        if ":" in address and not address.startswith("["):
            page.wrong(node, "an IPv6 address needs brackets before a port", f"write `[{address}]`")
            return False
        return True
    page.wrong(node, f"{quoted(address)} is not an address", "write a host's name")
    return False


def nearly_port(text: str) -> re.Match[str] | None:
    """A port in another tool's words. Looks at short texts only: the pattern tries every split of blanks."""
    return re.fullmatch(_NEARLY_PORT, text.strip()) if len(text) < 80 else None


def _port_hint(text: str) -> str:
    if found := nearly_port(text):
        protocol = (found[1] or found[5] or "tcp").lower()
        number = found[3] or found[4] or found[6]
        address = f"{found[2].strip('/')}:" if found[2] and found[2] != "*" else ""
        return f"write `{protocol} {address}{number}`"
    examples = {"tcp": "`tcp 51717`", "udp": "`udp 51717`", "unix": "`unix /path`"}
    return f"write {examples.get(text) or '`tcp 51717`, `udp 51717` or `unix /path`'}"


def read_link(text: str, node: Node, page: Page) -> Link | None:
    """A LINK from its text; notes what is wrong with it."""
    found = re.fullmatch(_LINK, text)
    if found is None:
        ends = [end.strip() for end in re.split(_ARROW, text)]
        hint = "write `A -> B`, or `A <-> B` for both ways"
        if len(ends) == 2 and all(ends):
            swapped = ("<-" in text and "<->" not in text) or "←" in text
            arrow = "<->" if "<->" in text or "↔" in text else "->"
            first, second = ends[::-1] if swapped else ends
            hint = f"write `{first} {arrow} {second}`"
        page.wrong(node, f"{quoted(text)} is not a link", hint)
        return None
    if all(_is_end(end, node, page) for end in (found[1], found[3])):
        return Link(found[1], found[3], both=found[2] == "<->")
    return None


def _is_end(end: str, node: Node, page: Page) -> bool:
    """Whether this can be a host's name, or is `any`. Whether there is such a host is looked up when all are known."""
    if end in ("*", "all"):
        page.wrong(node, f"'{end}' is not a host", "write `any`")
    elif end == "localhost":
        page.wrong(node, "what a host sends to itself uses no link", "write names of hosts, or `any`")
    elif not is_word(end):
        page.wrong(node, f"{quoted(end)} is not a host's name", "write `A -> B` with names of hosts, or `any`")
    return is_word(end) and end not in ("all", "localhost")


def _read_link(node: Node, page: Page) -> Link | None:
    text = TEXT.read(node, page)
    return None if text is None else read_link(text, node, page)


def _read_program(node: Node, page: Page) -> str | None:
    text = TEXT.read(node, page)
    if text is None or (is_word(text) and text not in TAKEN):
        return text
    page.wrong(
        node,
        f"{quoted(text)} is not a program's name",
        "write the `name` of its start, or its command's first word",
    )
    return None


def _read_subject(node: Node, page: Page) -> Subject | None:
    if isinstance(node, MapNode):
        return _read_thing(node, page)
    if not isinstance(node, Scalar):
        note_kind(node, page, "a program, a PORT, a LINK or a THING")
        return None
    text = node.text
    if re.search(_ARROW, text):
        return read_link(text, node, page)
    if text in ("tcp", "udp", "unix"):
        page.wrong(node, f"'{text}' needs a port", _port_hint(text))
        return None
    if re.match(r"(?i)(tcp|udp|unix)\b(?!$|-)", text) or nearly_port(text):
        return _port(text, node, page)
    if seconds(text) is not None:
        page.wrong(node, f"{quoted(text)} is a time, and there is no sleep", NO_SLEEP)
        return None
    if is_word(text) and text not in TAKEN:
        return ProgramRef(text)
    hint = "write a program's name, a PORT like `tcp 51717`, a LINK like `A -> B`, or a THING like `{file: /path}`"
    page.wrong(node, f"{quoted(text)} is nothing to look at", hint)
    return None


def _read_thing(node: MapNode, page: Page) -> Thing | None:
    if len(node.entries) != 1:
        page.wrong(node, "a THING is one testinfra module with its argument", "write it like `{file: /path}`")
        return None
    module, argument = node.entries[0]
    shape = THINGS.get(module.text)
    if shape is None:
        hint = ELSEWHERE.get(module.text) or did_you_mean(module.text, THINGS, kinds="modules")
        page.wrong(module, f"{quoted(module.text)} is not a testinfra module for scenarios", hint)
        return None
    value = ARGUMENTS[shape.argument].read(argument, page)
    return None if value is None else Thing(module.text, value)


def _things_schema() -> list[dict[str, object]]:
    return [
        {
            "type": "object",
            "properties": {module: ARGUMENTS[shape.argument].schema},
            "required": [module],
            "additionalProperties": False,
        }
        for module, shape in THINGS.items()
    ]


PORT: Kind[Port] = Kind("a PORT like `tcp 51717`", _read_port, {"type": "string", "pattern": PORT_PATTERN})
READY_PORT: Kind[Port] = Kind("a PORT like `tcp 51717`", _read_ready_port, PORT.schema)
LINK: Kind[Link] = Kind("a LINK like `A -> B`", _read_link, {"type": "string", "pattern": LINK_PATTERN})
PROGRAM: Kind[str] = Kind("a program's name", _read_program, WORD_SCHEMA)
SUBJECT: Kind[Subject] = Kind(
    "a program, a PORT, a LINK or a THING",
    _read_subject,
    {"anyOf": [WORD_SCHEMA, PORT.schema, LINK.schema, *_things_schema()]},
)
