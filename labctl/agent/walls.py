"""The machine's side of a lab's network -> one that takes nothing from it; and a look there that says whether it is so.

Runs in the network namespace that has the bridge: in labctl or beside the daemon on Docker, in the lab's owner on
namespaces. Stdlib only. What can't be seen counts as a way out: each look first finds what must be there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from labctl.agent.addresses import addresses

_LOOPBACK = "127.0.0.1"

CLOSED = {"ipv4/conf/{}/rp_filter": "1", "ipv4/conf/{}/arp_ignore": "8", "ipv6/conf/{}/disable_ipv6": "1"}
"""Settings of a bridge without an address, which go with it (ip-sysctl.rst). An address of its own is not all: by
default Linux takes what comes in at any interface for any of its addresses, and broadcasts. The first refuses whatever
has a source that is not routed back there, and nothing is; the second answers nobody who asks for an address."""


def close(bridge: str) -> None:
    """Have this machine take nothing from that bridge. OSError where that isn't ours to set."""
    for name in filter(_is_spoken, CLOSED):
        with open(_path(name, bridge), "w") as file:
            file.write(CLOSED[name])


def holes(bridge: str) -> list[str]:
    """What is open on the machine's side of that bridge; nothing when it is closed."""
    try:
        return holes_in(addresses(), _settings(bridge), bridge)
    except OSError as error:
        return [f"the machine's side of the bridge {bridge} can't be looked at: {error.strerror}"]


def holes_in(known: Mapping[str, Sequence[str]], settings: Mapping[str, str], bridge: str) -> list[str]:
    """The same of what was seen. The bridge must be there, and the loopback's address shows that addresses are seen."""
    if _LOOPBACK not in known.get("lo", ()):
        return ["of the machine not even the loopback's address can be seen"]
    if bridge not in known:
        return [f"on the machine there is no bridge {bridge} to be seen"]
    found = [f"the machine has the address {address} on the lab's bridge" for address in known[bridge]]
    return found + [
        f"the machine's setting {name.format(bridge)} is {value}, not {CLOSED[name]}"
        for name, value in settings.items()
        if value != CLOSED[name]
    ]


def _settings(bridge: str) -> dict[str, str]:
    found = {}
    for name in filter(_is_spoken, CLOSED):
        with open(_path(name, bridge)) as file:
            found[name] = file.read().strip()
    return found


def _is_spoken(name: str) -> bool:
    """Whether this kernel has that protocol at all."""
    return os.path.exists("/proc/sys/net/" + name.partition("/")[0])


def _path(name: str, bridge: str) -> str:
    return "/proc/sys/net/" + name.format(bridge)
