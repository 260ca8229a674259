"""What a link is, which packets are meant, and what it does to them: values, known to others by model.py."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Link(Struct, frozen=True):
    """What `sender` sends to `receiver`; `both` ways, where it says so. Hosts' names, or `any`."""

    sender: str
    receiver: str
    both: bool = False


class Only(Struct, frozen=True):
    """Packets of a protocol, and with a port at either side of them."""

    protocol: Literal["tcp", "udp", "icmp"]
    port: int | None = None


class Which(Struct, frozen=True):
    """Which packets of a sender a fault is about; exactly one is set. `ordinals`, `first` and `every` count from 1.

    `ordinals` are sorted; `share` lies above 0 and is at most 1, by chance; `contains` is a text in the payload.
    """

    ordinals: tuple[int, ...] = ()
    share: float = 0.0
    first: int = 0
    every: int = 0
    contains: str = ""
    fragments: bool = False


class Fault(Struct, frozen=True, kw_only=True):
    """What a link does to packets. `which` is for drop, duplicate, corrupt and reorder, and None for the others.

    `burst`: how many are lost in a row, in the mean; 1: each by a chance of its own. `hold`: how many a reordered one
    lets past. `visible`: the damage reaches the program. `rate` in bits a second, and for how long a packet waits for
    it at most. `answer`: what a sender is told whose packets are cut.
    """

    name: Literal["rate", "cut", "drop", "corrupt", "duplicate", "reorder", "delay"]
    which: Which | None = None
    burst: float = 1.0
    hold: int = 1
    visible: bool = False
    delay_s: float = 0.0
    jitter_s: float = 0.0
    rate: float = 0.0
    queue_s: float = 0.05
    answer: str = "silent"
