"""Packets as sidecars tell them -> a capture on disk: as they come at first, in the order of their times at the end.

What is on disk can be read at any moment, should labctl be killed. pcapng, one interface for each host, in a lab of
several networks one for each host and network; one more for a host's loopback where something was recorded there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from labctl import __version__
from labctl.observe.pcapng import Frame, Interface, block, opening, read
from labctl.sidecar.captured import LOOPBACK, NETWORK_SHIFT, OUTBOUND, RECORD

MOST_BYTES = 64 * 1024 * 1024
_OF_LOOPBACK = " (loopback)"
_IN = " (in "
_ABOUT = (
    "Recorded by labctl at every host, where packets leave and arrive: captured before faults. "
    "What a rule did to a packet stands in its comment."
)


class CaptureFile:
    """The capture of one run. `is_cut`: more came than is kept."""

    most_bytes = MOST_BYTES

    def __init__(self, path: Path, hosts: Sequence[str], networks: Mapping[str, Sequence[str]] | None = None) -> None:
        """`networks`: of each host, their names, where the lab has several."""
        self._path = path
        self._places: dict[tuple[str, int], int] = {}
        self._loopbacks: dict[str, int] = {}
        names: list[str] = []
        for host in hosts:
            for place, network in enumerate((networks or {}).get(host) or [""]):
                self._places[host, place] = len(names)
                names.append(f"{host}{_IN}{network})" if network else host)
        for host in hosts:
            self._loopbacks[host] = len(names)
            names.append(f"{host}{_OF_LOOPBACK}")
        self._file = path.open("wb")
        self._file.write(_opening(names))
        self._left = MOST_BYTES
        self.is_cut = False

    def add(self, host: str, body: bytes) -> bool:
        """Add records of a host (labctl.sidecar.captured). False: no more can be taken."""
        at = 0
        while at + RECORD.size <= len(body):
            t_ns, size, length, flags = RECORD.unpack_from(body, at)
            at += RECORD.size
            self._left -= size
            if self._left < 0:
                self.is_cut = True
                break
            place = self._places[host, flags >> NETWORK_SHIFT]
            interface = self._loopbacks[host] if flags & LOOPBACK else place
            frame = Frame(
                t_ns=t_ns,
                interface=interface,
                data=body[at : at + size],
                length=length,
                is_outbound=bool(flags & OUTBOUND),
            )
            self._file.write(block(frame))
            at += size
        self._file.flush()
        return not self.is_cut

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def put_in_order(path: Path, comments: Mapping[int, Sequence[str]]) -> None:
    """Write a capture anew, in the order of its times, without interfaces that nothing was recorded on.

    `comments`: the words for frames, by their place in that order, from 0. Readers see the old file or the new one.
    """
    capture = read(path.read_bytes())
    frames = in_order(capture.frames)
    of_hosts = [place for place, interface in enumerate(capture.interfaces) if not is_loopback(interface)]
    used = sorted({*of_hosts, *(frame.interface for frame in frames)})
    places = {old: new for new, old in enumerate(used)}
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(_opening([capture.interfaces[old].name for old in used]))
        for number, frame in enumerate(frames):
            own = tuple(comments.get(number, ()))
            file.write(block(replace(frame, interface=places[frame.interface], comments=own)))
    os.replace(new, path)


def is_loopback(interface: Interface) -> bool:
    """Whether it is a host's loopback."""
    return interface.name.endswith(_OF_LOOPBACK)


def host_of(interface: Interface) -> str:
    """Whose it is."""
    return interface.name.partition(" (")[0]


def network_of(interface: Interface) -> str:
    """Which of its host's networks it is on; empty where the lab has one."""
    return interface.name.partition(_IN)[2].removesuffix(")")


def in_order(frames: Sequence[Frame]) -> list[Frame]:
    """By time; of one instant what leaves comes before what arrives."""
    return sorted(frames, key=lambda frame: (frame.t_ns, not frame.is_outbound))


def _opening(names: Sequence[str]) -> bytes:
    interfaces = [Interface(name=name, description="") for name in names]
    return opening(interfaces, comment=_ABOUT, application=f"labctl {__version__}")
