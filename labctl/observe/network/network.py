"""A capture and a journal -> the packets of a run, what each is among the others, and what became of it. Pure."""

from __future__ import annotations

from labctl.observe.capture_file import host_of, in_order
from labctl.observe.chronicle import Chronicle
from labctl.observe.network.fates import Fates, Outcome
from labctl.observe.network.journeys import Hosts, Journey, journeys
from labctl.observe.network.segments import Remarks, remarks
from labctl.observe.packet import Packet
from labctl.observe.pcapng import Interface, read
from labctl.observe.records import Line, addresses_told, wires_told

MOST_FRAMES = 100_000
"""What lies beyond stays in the capture: nobody reads a ladder of so many, and it would take long to make."""


class Network:
    """The packets in the order in which they left; `remarks` and `outcomes` one for each, an outcome for each door.

    `recorded_at`: the hosts that the capture is of.
    """

    def __init__(self, capture: bytes | None, plan: Line, told: Chronicle) -> None:
        """`capture`: the bytes of a pcapng file."""
        known = read(capture or b"") if capture is not None else None
        self.hosts = _hosts(plan)
        self.problems: tuple[str, ...] = ()
        self.recorded_at: tuple[str, ...] = ()
        self.journeys: list[Journey] = []
        if known is not None:
            self.problems = tuple(f"the capture: {problem}" for problem in known.problems)
            frames = in_order(known.frames)
            self.recorded_at = tuple(dict.fromkeys(map(host_of, known.interfaces)))
            self.journeys = journeys(frames[:MOST_FRAMES], known.interfaces, self.hosts)
            if len(frames) > MOST_FRAMES:
                self.problems += (f"only the first {MOST_FRAMES} of {len(frames)} recorded frames are in the story",)
            self.problems += _strange(known.interfaces, plan)
        self.remarks: tuple[Remarks, ...] = remarks(
            [journey.packet for journey in self.journeys], [_network(journey) for journey in self.journeys]
        )
        self.outcomes = self._outcomes(told)

    def _outcomes(self, told: Chronicle) -> list[list[Outcome]]:
        """By packet and door, asked for in the order in which packets came."""
        fates = Fates(told.decided, told.in_force)
        doors = sorted(
            (
                (door.came_ns, door.frame, number, place)
                for number, journey in enumerate(self.journeys)
                for place, door in enumerate(journey.doors)
            )
        )
        found: list[list[Outcome | None]] = [[None] * len(journey.doors) for journey in self.journeys]
        for _, _, number, place in doors:
            journey = self.journeys[number]
            found[number][place] = fates.of(journey, journey.doors[place], self._whole(number))
        return [[outcome for outcome in row if outcome is not None] for row in found]

    def _whole(self, number: int) -> Packet | None:
        datagram = self.remarks[number].datagram
        return datagram.whole if datagram is not None else None


def _network(journey: Journey) -> str:
    """Loopbacks of several hosts have the same addresses; what is forwarded passes on several networks."""
    is_loopback = [door.host for door in journey.doors] == [journey.sender]
    return journey.sender if is_loopback else journey.network


def _hosts(plan: Line) -> Hosts:
    machines = plan.get("hosts", [])
    macs = {host["name"]: [wire["mac"] for wire in wires_told(host)] for host in machines}
    return Hosts({host["name"]: addresses_told(host) for host in machines}, macs)


def _strange(interfaces: tuple[Interface, ...], plan: Line) -> tuple[str, ...]:
    known = {host["name"] for host in plan.get("hosts", [])}
    strangers = dict.fromkeys(host_of(interface) for interface in interfaces if host_of(interface) not in known)
    return tuple(f"the capture has an interface of no host of this lab: {name}" for name in strangers)
