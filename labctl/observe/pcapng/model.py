"""What a capture is made of, and the numbers that its file has for that (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from msgspec import Struct

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
"""Types of blocks."""
BYTE_ORDER = 0x1A2B3C4D
END, COMMENT, APPLICATION = 0, 1, 4
NAME, DESCRIPTION, TIME_RESOLUTION, TIME_OFFSET = 2, 3, 9, 14
FLAGS = 2
"""Options: any block's and a section's, an interface's, a packet's."""
INBOUND, OUTBOUND = 1, 2
ETHERNET = 1


class Interface(Struct, frozen=True):
    """Where frames were captured. `link_type` says how they begin (the LINKTYPE_ list of tcpdump.org)."""

    name: str
    description: str = ""
    link_type: int = ETHERNET


class Frame(Struct, frozen=True, kw_only=True):
    """A frame on an interface, by its place in the capture. `length` is what it had on the wire, `data` what is kept.

    `t_ns` is CLOCK_REALTIME; 0 where a file has no times (simple packet blocks).
    """

    t_ns: int
    interface: int
    data: bytes
    length: int
    is_outbound: bool = False
    comments: tuple[str, ...] = ()


class Capture(Struct, frozen=True, kw_only=True):
    """What could be read of a file. `comments` are those of its sections; `problems` says what could not be read."""

    interfaces: tuple[Interface, ...] = ()
    frames: tuple[Frame, ...] = ()
    comments: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
