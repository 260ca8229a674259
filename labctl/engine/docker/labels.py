"""The labels by which labctl finds its containers and networks again, and tells whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from labctl.engine.owner import Owner, booted_at, is_alive, myself, parse

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
    """A container or network that labctl made. `host` is empty for what is no host's, `image` for what has none.

    `created`: seconds since 1970 by the daemon's clock. `runs`: it is a container that is not at its end, or paused.
    """

    id: str
    lab: str
    name: str
    host: str
    owner: str
    created: float = 0.0
    runs: bool = False
    image: str = ""


def made(identity: str, found: Mapping[str, str], *, created: float = 0.0, runs: bool = False, image: str = "") -> Made:
    """Labels as Docker gives them back, as a value."""
    name = found.get(NAME, "")
    return Made(identity, found.get(LAB, ""), name, found.get(HOST, ""), found.get(OWNER, ""), created, runs, image)


def lives(parts: Sequence[Made]) -> bool | None:
    """Whether the owner of these, the same for all, still runs; None where that can't be told from here.

    Unlike a process, what Docker keeps outlives the machine's boot: an owner of an earlier boot is dead. But machines
    that were copied from one another have one id, and may talk to one daemon: so what runs, or was made since this
    machine booted, may be another one's.
    """
    owner = parse(parts[0].owner)
    if owner is None:
        return None
    me = myself()
    if owner.machine == me.machine != "-" and owner.boot != me.boot and "-" not in (owner.boot, me.boot):
        booted = booted_at()
        return False if all(not one.runs and one.created < booted for one in parts) else None
    return is_alive(owner)
