"""The top-level `networks` of a compose.yaml -> what is asked for of each.

The format: https://github.com/compose-spec/compose-spec/blob/main/06-networks.md.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from msgspec import Struct

from labctl.plan.subnet_values import Address, Subnet, read_inside, read_subnet
from labctl.plan.values import merged
from labctl.scenario.problems import Position, quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

DEFAULT = "default"
"""The network of a service that names none."""

MOST_NETWORKS = 32


class NetworkAsked(Struct, frozen=True, kw_only=True):
    """A network as compose.yaml has it. `reserved`: addresses there that no host may have (`gateway` too)."""

    name: str
    at: Position | None = None
    subnet4: IPv4Network | None = None
    subnet6: IPv6Network | None = None
    gateway4: IPv4Address | None = None
    gateway6: IPv6Address | None = None
    reserved: frozenset[Address] = frozenset()
    notes: tuple[str, ...] = ()

    def subnet_for(self, address: Address) -> Subnet | None:
        """Its subnet of the address's family."""
        return self.subnet4 if address.version == 4 else self.subnet6

    def is_kept_free(self, address: Address) -> bool:
        """Whether no host may have that address: the subnet's own, its last (IPv4), the gateway's, auxiliary ones."""
        subnet = self.subnet_for(address)
        gateway = self.gateway4 if address.version == 4 else self.gateway6
        ends = set() if subnet is None else {subnet.network_address, gateway or subnet.network_address + 1}
        if isinstance(subnet, IPv4Network):
            ends.add(subnet.broadcast_address)
        return address in ends or address in self.reserved


_OF_A_NETWORK = {"attachable", "internal", "labels", "name"}
"""Keys that say what a network is to others than its hosts: a lab sees to that itself."""
_BRIDGE_OPTIONS = "com.docker.network.bridge."
_REASONS = {
    "driver": "its networks are bridges",
    "driver_opts": "its networks are plain bridges",
    "enable_ipv4": "`ip` of a scenario says which families the lab speaks",
    "enable_ipv6": "`ip` of a scenario says which families the lab speaks",
    "external": "each lab has networks of its own, made for it alone",
    "ip_range": "addresses that nothing asks for are given one after another from the subnet's first on",
    "options": "its networks are plain bridges",
}


def read_networks(node: Node, page: Page) -> dict[str, NetworkAsked]:
    """The top-level `networks`, by name, in the order of the page."""
    if isinstance(node, Scalar) and node.is_null:
        return {}
    if not isinstance(node, MapNode):
        note_kind(node, page, "a map of networks")
        return {}
    found = {key.text: _Reader(key, value, page).read() for key, value in node.entries if not key.text.startswith("x-")}
    known: list[tuple[Subnet, NetworkAsked]] = []
    for one in found.values():
        for subnet in (one.subnet4, one.subnet6):
            if subnet is None:
                continue
            for other, its in known:
                if its is not one and other.version == subnet.version and other.overlaps(subnet):
                    message = f"the subnet {subnet} of {quoted(one.name)} overlaps {other} of {quoted(its.name)}"
                    page.wrong(one.at or node.at, message, "give each network a subnet of its own")
            known.append((subnet, one))
    return found


class _Reader:
    """One network."""

    def __init__(self, name: Scalar, node: Node, page: Page) -> None:
        self._name, self._node, self._page = name, node, page
        self._notes: list[str] = []

    def read(self) -> NetworkAsked:
        page, node = self._page, self._node
        if isinstance(node, Scalar) and node.is_null:
            return NetworkAsked(name=self._name.text, at=self._name.at)
        if not isinstance(node, MapNode):
            note_kind(node, page, "a network, as a map")
            return NetworkAsked(name=self._name.text, at=self._name.at)
        asked = NetworkAsked(name=self._name.text, at=self._name.at)
        for key, value in merged(node, page).values():
            if key.text == "ipam":
                asked = self._ipam(value)
            elif not self._is_as_it_is(key.text, value) and key.text not in _OF_A_NETWORK:
                self._note(key)
        return NetworkAsked(
            name=asked.name,
            at=asked.at,
            subnet4=asked.subnet4,
            subnet6=asked.subnet6,
            gateway4=asked.gateway4,
            gateway6=asked.gateway6,
            reserved=asked.reserved,
            notes=tuple(self._notes),
        )

    def _is_as_it_is(self, key: str, value: Node) -> bool:
        """Whether a key says only what is so of every lab's network."""
        if key.startswith("x-"):
            return True
        if key == "driver":
            return isinstance(value, Scalar) and value.text in ("bridge", "default", "")
        if key == "driver_opts":
            return isinstance(value, MapNode) and all(
                name.text.startswith(_BRIDGE_OPTIONS) for name, _ in value.entries
            )
        return key in ("external", "enable_ipv6") and isinstance(value, Scalar) and value.text == "false"

    def _note(self, key: Scalar) -> None:
        reason = _REASONS.get(key.text, "")
        of = f"a lab takes no {quoted(key.text)} of the network {quoted(self._name.text)}"
        self._notes.append(f"{key.at}: {of}" + (f": {reason}" if reason else ""))

    def _ipam(self, node: Node) -> NetworkAsked:
        name, at = self._name.text, self._name.at
        if not isinstance(node, MapNode):
            note_kind(node, self._page, "a map with 'config'")
            return NetworkAsked(name=name, at=at)
        pools: list[_Pool] = []
        for key, value in node.entries:
            if key.text == "config" and isinstance(value, Sequence):
                pools += [pool for item in value.items if (pool := self._pool(item)) is not None]
            elif key.text == "config":
                note_kind(value, self._page, "a list of subnets, like `[{subnet: 10.5.0.0/24}]`")
            elif key.text != "driver" or not (isinstance(value, Scalar) and value.text == "default"):
                self._note(key)
        first4 = next((pool for pool in pools if isinstance(pool.subnet, IPv4Network)), None)
        first6 = next((pool for pool in pools if isinstance(pool.subnet, IPv6Network)), None)
        for pool in pools:
            if pool not in (first4, first6):
                message = f"a second subnet of {quoted(name)}, {pool.subnet}, has no use"
                self._page.wrong(pool.at, message, "keep one IPv4 and one IPv6 subnet")
        return NetworkAsked(
            name=name,
            at=at,
            subnet4=first4.subnet if first4 is not None and isinstance(first4.subnet, IPv4Network) else None,
            subnet6=first6.subnet if first6 is not None and isinstance(first6.subnet, IPv6Network) else None,
            gateway4=first4.gateway if first4 is not None and isinstance(first4.gateway, IPv4Address) else None,
            gateway6=first6.gateway if first6 is not None and isinstance(first6.gateway, IPv6Address) else None,
            reserved=frozenset(address for pool in pools for address in pool.reserved),
        )

    def _pool(self, node: Node) -> _Pool | None:
        if not isinstance(node, MapNode):
            note_kind(node, self._page, "a map with 'subnet'")
            return None
        entries = {key.text: (key, value) for key, value in node.entries}
        _, subnet_node = entries.pop("subnet", (None, None))
        if subnet_node is None:
            self._page.wrong(node, "no 'subnet' stands here", "write one, like `subnet: 10.5.0.0/24`")
            return None
        subnet = read_subnet(subnet_node, self._page)
        gateway: Address | None = None
        reserved: list[Address] = []
        for name, (key, value) in entries.items():
            if name == "gateway":
                gateway = read_inside(value, subnet, self._page)
            elif name == "aux_addresses" and isinstance(value, MapNode):
                found = (read_inside(each, subnet, self._page) for _, each in value.entries)
                reserved += [address for address in found if address is not None]
            else:
                self._note(key)
        return None if subnet is None else _Pool(subnet_node.at, subnet, gateway, tuple(reserved))


class _Pool(Struct, frozen=True):
    at: Position
    subnet: Subnet
    gateway: Address | None
    reserved: tuple[Address, ...]
