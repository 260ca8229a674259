"""The labels by which labctl finds its containers and networks again, and tells whose they are."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from labctl.engine.owner import Owner, is_alive, myself, parse

LAB = "labctl.lab"
NAME = "labctl.name"
HOST = "labctl.host"
OWNER = "labctl.owner"
SOURCE = "labctl.source"
"""Of an image: the hash of the files it was built from."""


def labels(lab: str, name: str, owner: Owner) -> dict[str, str]:
    """What every container and network of a lab carries from its creation on."""
    return {LAB: lab, NAME: name, OWNER: str(owner)}


class Made(Struct, frozen=True):
    """A container or network that labctl made. `host` is empty for what is no host's."""

    id: str
    lab: str
    name: str
    host: str
    owner: str


def made(identity: str, found: Mapping[str, str]) -> Made:
    """Labels as Docker gives them back, as a value."""
    name = found.get(NAME, "")
    return Made(identity, found.get(LAB, ""), name, found.get(HOST, ""), found.get(OWNER, ""))


def lives(owner_text: str) -> bool | None:
    """Whether the owner of that label still runs; None where that can't be told from here.

    Unlike a process, what Docker keeps outlives the machine's boot: an owner of an earlier boot is dead.
    """
    owner = parse(owner_text)
    if owner is None:
        return None
    me = myself()
    if owner.machine == me.machine != "-" and owner.boot != me.boot and "-" not in (owner.boot, me.boot):
        return False
    return is_alive(owner)


def is_of_this_machine(owner_text: str) -> bool:
    """Whether that owner ran on this machine, whenever and in whichever PID namespace."""
    owner = parse(owner_text)
    return owner is not None and owner.machine == myself().machine
