"""Nodes of a compose.yaml -> subnets that hosts can be in, and addresses there."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from labctl.scenario.problems import quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Node, Scalar

Subnet = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def read_subnet(node: Node, page: Page) -> Subnet | None:
    """A subnet that hosts can be in; None after noting what is wrong."""
    if not isinstance(node, Scalar) or "/" not in node.text:
        note_kind(node, page, "a subnet like 10.5.0.0/24")
        return None
    try:
        subnet = ip_network(node.text, strict=False)
        own = ip_address(node.text.partition("/")[0])
    except ValueError:
        note_kind(node, page, "a subnet like 10.5.0.0/24")
        return None
    if own != subnet.network_address:
        page.wrong(node, f"{quoted(node.text)} begins within a subnet", f"write `{subnet}`")
        return None
    if subnet.num_addresses < 4:
        page.wrong(node, f"{quoted(node.text)} has no room for hosts", "take a wider one")
        return None
    if subnet.is_loopback or subnet.is_multicast or subnet.is_link_local or subnet.network_address.is_unspecified:
        page.wrong(node, f"hosts can't be in {quoted(node.text)}", "take one of 10.0.0.0/8, or of fd00::/8")
        return None
    return subnet


def read_address(node: Node, page: Page) -> Address | None:
    """An address; None after noting that it is none."""
    try:
        return ip_address(node.text if isinstance(node, Scalar) else "")
    except ValueError:
        note_kind(node, page, "an address like 10.5.0.7")
        return None


def read_inside(node: Node, subnet: Subnet | None, page: Page) -> Address | None:
    """An address in that subnet; None after noting what is wrong. Where the subnet is wrong, that is told alone."""
    address = read_address(node, page)
    if address is None or subnet is None:
        return None
    if address not in subnet:
        page.wrong(node, f"{address} is not in {subnet}", "take one that is")
        return None
    return address
