"""What strace says a descriptor leads to, and the addresses in arguments -> which socket that is.

Addresses are (text, port), for Unix sockets (path, 0) with "@" before an abstract one. An IPv4 address that an IPv6
socket has (`::ffff:10.0.0.1`) is the IPv4 address: it is what packets carry.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from labctl.observe.trace.arguments import STRING, unquoted

Kind = Literal["tcp", "udp", "unix", "other"]
Address = tuple[str, int]

_LABEL = re.compile(r"(socket|[A-Z][\w-]*):\[(.*)\]", re.ASCII | re.DOTALL)
_IP = r"(?:\[([0-9A-Za-z:.%]+)\]|([0-9.]+)):(\d{1,5})"
_ENDS = re.compile(rf"{_IP}(?:->{_IP})?", re.ASCII)
_INODE = re.compile(rf"(\d+)(?:->(\d+))?(?:,(@?)({STRING}))?", re.ASCII)
_INTERNET = re.compile(r'\{sa_family=AF_INET6?, sin6?_port=htons\((\d{1,5})\)[^"]*"([0-9A-Fa-f:.]+)"', re.ASCII)
_UNIX = re.compile(rf"\{{sa_family=AF_UNIX, sun_path=(@?)({STRING})", re.ASCII)
_KINDS: dict[str, Kind] = {"TCP": "tcp", "MPTCP": "tcp", "UDP": "udp"}
_FAMILIES = {"UNIX": "AF_UNIX", "NETLINK": "AF_NETLINK"}


class Label(NamedTuple):
    """A socket, by what tells it. `kind` is None where that isn't said: `socket:[1234]`."""

    kind: Kind | None
    family: str = ""
    inode: int | None = None
    peer_inode: int | None = None
    local: Address | None = None
    remote: Address | None = None
    is_stream: bool | None = None


def label(leads_to: str) -> Label | None:
    """The socket that a descriptor leads to; None if it leads to none."""
    found = _LABEL.fullmatch(leads_to)
    if found is None:
        return None
    protocol, text = found.groups()
    bare = Label(None) if protocol == "socket" else _of_protocol(protocol)
    if ends := _ENDS.fullmatch(text):
        six, four, port, their_six, their_four, their_port = ends.groups()
        there = None if their_port is None else (_plain(their_six or their_four), int(their_port))
        return bare._replace(local=(_plain(six or four), int(port)), remote=there)
    if known := _INODE.fullmatch(text):
        inode, peer, abstract, path = known.groups()
        return bare._replace(
            inode=int(inode),
            peer_inode=None if peer is None else int(peer),
            local=None if path is None else (abstract + unquoted(path[1:-1]), 0),
        )
    return bare


def address(text: str) -> Address | None:
    """The address of a socket, from an argument `{sa_family=…}`; None for one that says none, or is of another kind."""
    if found := _INTERNET.match(text):
        return _plain(found[2]), int(found[1])
    if found := _UNIX.match(text):
        return found[1] + unquoted(found[2][1:-1]), 0
    return None


def kind_of(family: str, kind: str, protocol: str) -> Kind:
    """What `socket` makes of its three arguments."""
    if family in ("AF_UNIX", "AF_LOCAL"):
        return "unix"
    if family in ("AF_INET", "AF_INET6"):
        if kind == "SOCK_STREAM" and protocol in ("IPPROTO_IP", "IPPROTO_TCP", "IPPROTO_MPTCP"):
            return "tcp"
        if kind == "SOCK_DGRAM" and protocol in ("IPPROTO_IP", "IPPROTO_UDP"):
            return "udp"
    return "other"


def _of_protocol(protocol: str) -> Label:
    name = protocol.removesuffix("v6")
    if name.startswith("UNIX"):
        return Label("unix", "AF_UNIX", is_stream=True if name == "UNIX-STREAM" else None)
    kind = _KINDS.get(name, "other")
    internet = "AF_INET6" if protocol.endswith("v6") else "AF_INET"
    is_internet = kind != "other" or name in ("RAW", "PING")
    return Label(kind, internet if is_internet else _FAMILIES.get(name, ""), is_stream=kind == "tcp")


def _plain(address: str) -> str:
    return address.removeprefix("::ffff:") if "." in address else address
