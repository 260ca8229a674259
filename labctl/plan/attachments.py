"""`networks` of a service in compose.yaml -> where it is, in which order, and by which names and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from msgspec import Struct

from labctl.plan.networks import DEFAULT, NetworkAsked
from labctl.plan.subnet_values import Address, read_address
from labctl.plan.values import merged, read_names
from labctl.scenario.problems import Position, did_you_mean, quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence

_REASONS = {
    "gw_priority": "there is no way out of a lab",
    "interface_name": "interfaces are called eth0, eth1 …, in the order of the networks",
    "link_local_ips": "write ipv4_address or ipv6_address",
    "mac_address": "a lab chooses them",
}


class Attachment(Struct, frozen=True, kw_only=True):
    """That a service is on a network: what else it is called there, and the addresses that it asks for."""

    network: str
    at: Position | None = None
    aliases: tuple[str, ...] = ()
    address4: IPv4Address | None = None
    address6: IPv6Address | None = None

    @property
    def fixed(self) -> tuple[Address, ...]:
        """The addresses that it asks for."""
        return tuple(address for address in (self.address4, self.address6) if address is not None)


def read_attachments(
    node: Node | None, known: Mapping[str, NetworkAsked], page: Page
) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """The networks of a service, of a list or a map, in their order, and notes of what a lab can't honour there.

    One with a higher `priority` comes first. A service that names none is on the default one.
    """
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return (Attachment(network=DEFAULT),), ()
    notes: list[str] = []
    found: list[tuple[int, Attachment]] = []
    for name, value in _named(node, page):
        if name.text not in known and name.text != DEFAULT:
            hint = (
                did_you_mean(name.text, known, kinds="networks")
                if known
                else f"add it at the top: `networks: {{{name.text}: }}`"
            )
            page.wrong(name, f"there is no network {quoted(name.text)}", hint)
            continue
        if any(one.network == name.text for _, one in found):
            page.wrong(name, f"the network {quoted(name.text)} stands here twice", "remove one of them")
            continue
        found.append(_attachment(name, value, known.get(name.text, NetworkAsked(name=name.text)), page, notes))
    in_order = sorted(found, key=lambda one: -one[0])
    return tuple(one for _, one in in_order) or (Attachment(network=DEFAULT),), tuple(notes)


def _named(node: Node, page: Page) -> Iterator[tuple[Scalar, Node | None]]:
    if isinstance(node, MapNode):
        yield from merged(node, page).values()
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Scalar) and not item.is_null:
                yield item, None
            else:
                note_kind(item, page, "the name of a network")
    else:
        note_kind(node, page, "a list or a map of networks")


def _attachment(
    name: Scalar, node: Node | None, network: NetworkAsked, page: Page, notes: list[str]
) -> tuple[int, Attachment]:
    priority = 0
    aliases: tuple[str, ...] = ()
    addresses: dict[int, Address] = {}
    if isinstance(node, MapNode):
        for key, value in merged(node, page).values():
            if key.text == "aliases":
                aliases = read_names(value, page, f"a list of names in {quoted(name.text)}")
            elif key.text in ("ipv4_address", "ipv6_address"):
                version = 4 if key.text == "ipv4_address" else 6
                if (address := _fixed(value, version, network, page)) is not None:
                    addresses[version] = address
            elif key.text == "priority" and isinstance(value, Scalar) and value.text.lstrip("-").isdecimal():
                priority = int(value.text)
            elif not key.text.startswith("x-"):
                reason = _REASONS.get(key.text, "")
                of = f"a lab takes no {quoted(key.text)} in the network {quoted(name.text)}"
                notes.append(f"{key.at}: {of}" + (f": {reason}" if reason else ""))
    elif node is not None and not (isinstance(node, Scalar) and node.is_null):
        note_kind(node, page, f"how it is in {quoted(name.text)}, as a map")
    four, six = addresses.get(4), addresses.get(6)
    return priority, Attachment(
        network=name.text,
        at=name.at,
        aliases=aliases,
        address4=four if isinstance(four, IPv4Address) else None,
        address6=six if isinstance(six, IPv6Address) else None,
    )


def _fixed(node: Node, version: int, network: NetworkAsked, page: Page) -> Address | None:
    address = read_address(node, page)
    if address is None:
        return None
    if address.version != version:
        page.wrong(node, f"{address} is no IPv{version} address", f"write it as `ipv{address.version}_address`")
        return None
    subnet = network.subnet_for(address)
    if subnet is None:
        example = "10.5.0.0/24" if version == 4 else "fd05::/64"
        hint = f"add there `ipam: {{config: [{{subnet: {example}}}]}}`, with a subnet that it is in"
        page.wrong(node, f"the network {quoted(network.name)} has no IPv{version} subnet to be at {address} in", hint)
        return None
    if address not in subnet:
        page.wrong(node, f"{address} is not in {subnet} of {quoted(network.name)}", "take one that is")
        return None
    if network.is_kept_free(address):
        what = "the subnet's own, its last, its gateway's or an auxiliary one"
        page.wrong(node, f"{address} of {quoted(network.name)} is kept free: it is {what}", "take another one")
        return None
    return address


def demand_once(attachments: Iterable[tuple[str, Attachment]], page: Page) -> None:
    """Note each address that two services ask for. `attachments`: with the name of the service."""
    owners: dict[tuple[str, Address], str] = {}
    for service, one in attachments:
        for address in one.fixed:
            owner = owners.setdefault((one.network, address), service)
            if owner != service and one.at is not None:
                message = f"{address} of {quoted(one.network)} is asked for by {quoted(owner)}, too"
                page.wrong(one.at, message, "give one of them another address")
