"""LINKs of the steps -> a problem for each that joins no two hosts: unknown ones, absent ones, one with itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from labctl.scenario.links.fault_keys import HEAL, LINK_KEY
from labctl.scenario.links.places import Places
from labctl.scenario.model import Link
from labctl.scenario.names import HostNames
from labctl.scenario.problems import did_you_mean
from labctl.scenario.reading import Page, Values
from labctl.scenario.steps import Outline
from labctl.scenario.verbs import CHECK, WAIT
from labctl.scenario.yaml.tree import Node


def named_link(values: Values) -> tuple[str, Link] | None:
    """The LINK that a step names, with its key."""
    found = (("link", values.get(LINK_KEY)), ("heal", values.get(HEAL)))
    looked_at = (("wait", values.get(WAIT)), ("check", values.get(CHECK)))
    return next(((key, value) for key, value in (*found, *looked_at) if isinstance(value, Link)), None)


def check_link_ends(outlines: Sequence[Outline | None], names: HostNames, absent: Collection[str], page: Page) -> None:
    """Note every LINK whose ends can't be. `names` are all hosts that the steps may name."""
    machines = [name for hosts in names.values() for name in hosts if name not in absent]
    places = Places(names, tuple(dict.fromkeys(machines)))
    for outline in outlines:
        named = named_link(outline.values) if outline is not None else None
        if outline is not None and named is not None:
            key, link = named
            _check(link, outline.values.nodes[key], places, names, absent, page)


def _check(link: Link, node: Node, places: Places, names: HostNames, absent: Collection[str], page: Page) -> None:
    ends = [end for end in dict.fromkeys((link.sender, link.receiver)) if end != "any"]
    unknown = [end for end in ends if end not in names]
    for end in unknown:
        page.wrong(node, f"unknown host '{end}'", did_you_mean(end, (*names, "any"), kinds="hosts"))
    gone = [end for end in ends if end in absent]
    for end in gone:
        hint = "remove its `absent`, or choose another host"
        page.wrong(node, f"'{end}' is absent: it sends nothing, and nothing arrives there", hint)
    if not unknown and not gone:
        note_lonely(link, node, places, page)


def note_lonely(link: Link, node: Node, places: Places, page: Page) -> None:
    """Note a link that joins no two hosts."""
    if places.directions(link):
        return
    if link.sender == link.receiver != "any":
        page.wrong(node, f"'{link.sender}' sends itself nothing over a link", "name two hosts")
    else:
        page.wrong(node, "nobody is left at the other end of this link", "name two hosts")
