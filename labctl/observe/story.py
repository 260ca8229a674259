"""What was recorded of a run, joined and put in order: values, for whoever draws, prints or judges it.

All times are nanoseconds since the story's `zero_ns` (CLOCK_REALTIME), which is when its first step began; they may be
negative. Numbers named `call`, `packet`, `lane` and so on are places in the story's tuples, from 0.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Kind = Literal["tcp", "udp", "icmp", "arp", "ip", "other"]
"""What a packet is. `icmp` is that of either family, with neighbour discovery; `ip` any other protocol over IP."""
Fate = Literal["arrived", "late", "lost", "refused", "damaged", "vanished"]
"""What became of a packet at a receiver. `late`: held back by a rule. `lost`, `refused` (lost, and the sender is told):
by a rule, at the receiver's edge. `damaged`: by a rule; it arrived. `vanished`: it left, and was seen nowhere else."""
Group = Literal["socket", "process", "signal", "file"]
"""What a system call is about. `file`: descriptors that are no sockets, and the interpreter's own affairs."""


class Lane(Struct, frozen=True):
    """A column of the drawing: a program on its host.

    `program` is empty, and `command` too, for a host's kernel: what happens there that no program's socket has to do
    with. Lanes of one host stand side by side, in the order in which the programs began. `key` is the journal's name
    for the program (`client#3`): two that ran one after another may have one name.
    """

    host: str
    program: str
    command: str
    key: str = ""


class CallSeen(Struct, frozen=True, kw_only=True):
    """A system call of a program or one of its children.

    `arguments` and `result` are strace's own text; `error` is an errno name or empty. `ends_ns` is None for one that
    never returned (`exit_group`, or its process was killed). `socket` says in words what the descriptor led to
    (`TCP 10.0.0.2:40000 -> 10.0.0.1:51717`), empty where it is none. `packets`: those that carried what it wrote, or
    whose bytes it returned, or that it caused (connect: its SYN).
    """

    lane: int
    pid: int
    name: str
    arguments: str
    result: str
    returned: int | None
    error: str
    begins_ns: int
    ends_ns: int | None
    group: Group
    socket: str
    packets: tuple[int, ...] = ()


class Arrival(Struct, frozen=True, kw_only=True):
    """A packet at a receiver. `lane` is that of the program whose socket it is for. `at_ns`: when it was let in, for
    one that never was when it came to the door. `came_ns`: when it came to the door. `rule`: which one decided, its
    words as in the scenario; empty where none did. `copies`: how often it was let in (2: doubled). `frame`: its place
    in the capture there, from 1; 0 where it is not known.
    """

    lane: int
    came_ns: int
    at_ns: int
    fate: Fate
    rule: str = ""
    copies: int = 1
    frame: int = 0


class PacketSeen(Struct, frozen=True, kw_only=True):
    """A packet, from the host that sent it to those where it came.

    `left_ns` is None for one that was only seen to arrive. `arrivals` is empty for one that vanished. `words` is what
    it is in short (`SYN`, `DATA 6`, `FIN ACK`, `UDP 12`, `port unreachable`, `who has 10.0.0.1?`), `detail` a full
    line with addresses, relative numbers and options. `notes`: `retransmission`, `duplicate ACK`, `out of order`,
    `zero window` and the like. `text`: the beginning of its payload as people read it. `is_noise`: of the link itself
    (ARP, neighbour discovery, multicast listeners), what nobody looks for first. `frames`: where it stands in the
    capture, by number from 1 as Wireshark counts them. `to`: the host that it is addressed to, whether it came there
    or not, empty for none of the lab's. `ports`: those of either side of TCP and UDP. `passes`: what it is in the
    words of `order` (labctl.observe.network.passing), first things first.
    """

    lane: int
    left_ns: int | None
    arrivals: tuple[Arrival, ...]
    kind: Kind
    words: str
    detail: str
    notes: tuple[str, ...] = ()
    text: str = ""
    size: int = 0
    is_noise: bool = False
    frames: tuple[int, ...] = ()
    to: str = ""
    ports: tuple[int, ...] = ()
    passes: tuple[str, ...] = ()

    @property
    def at_ns(self) -> int:
        """When it left, or was seen first."""
        return self.left_ns if self.left_ns is not None else min(arrival.came_ns for arrival in self.arrivals)


class SignalSeen(Struct, frozen=True, kw_only=True):
    """A signal that a process got: its name without SIG, and strace's words about it."""

    lane: int
    pid: int
    at_ns: int
    name: str
    detail: str


class EndSeen(Struct, frozen=True, kw_only=True):
    """A process that ended: `exit 0`, `signal KILL`, `its host is halted`.

    `is_main`: the program itself, not a child of it.
    """

    lane: int
    pid: int
    at_ns: int
    ending: str
    is_main: bool


class OutputSeen(Struct, frozen=True, kw_only=True):
    """What a program printed, as text (bytes that are no UTF-8 as `\\xNN`). `stream`: `stdout` or `stderr`."""

    lane: int
    at_ns: int
    stream: str
    text: str


class StepSeen(Struct, frozen=True, kw_only=True):
    """A step of the scenario. `number` counts from 1, `verdict` is as in the report."""

    number: int
    title: str
    why: str
    verdict: str
    complaints: tuple[str, ...]
    began_ns: int
    ended_ns: int | None


class RulesSeen(Struct, frozen=True, kw_only=True):
    """From here on these rules, in words, and no others are in force where a host receives."""

    host: str
    at_ns: int
    rules: tuple[str, ...]


class Moment(Struct, frozen=True):
    """Something at one instant. `of` is its place in the tuple that `kind` names; `arrival` that in `arrivals`.

    `call` is one that did not wait for anything, told where it began: what it caused comes after it. Others are two
    moments, `begin` and `return` (one that never returned has only the first). `leave` and `arrive` are a packet's: an
    arrival where the packet was let in or met its end.
    """

    at_ns: int
    kind: Literal["step", "rules", "call", "begin", "return", "leave", "arrive", "signal", "end", "output"]
    of: int
    arrival: int = 0


class HostSeen(Struct, frozen=True):
    """A host, its addresses, and whether it is only a name and an address.

    `networks`: those that it is on, where the lab has several.
    """

    name: str
    addresses: tuple[str, ...]
    is_absent: bool = False
    networks: tuple[str, ...] | UnsetType = UNSET


class Story(Struct, frozen=True, kw_only=True):
    """All of it. `problems` says what could not be read, or was cut off, a text each.

    `id`, `engine`, `verdict` and `reason` are the outcome's; `about` and `text` the scenario's claim and its file.
    `is_open`: the lab was opened to other networks.
    """

    id: str
    engine: str
    verdict: str
    reason: str
    about: str
    text: str
    zero_ns: int
    hosts: tuple[HostSeen, ...]
    lanes: tuple[Lane, ...]
    steps: tuple[StepSeen, ...]
    calls: tuple[CallSeen, ...] = ()
    packets: tuple[PacketSeen, ...] = ()
    signals: tuple[SignalSeen, ...] = ()
    ends: tuple[EndSeen, ...] = ()
    outputs: tuple[OutputSeen, ...] = ()
    rules: tuple[RulesSeen, ...] = ()
    moments: tuple[Moment, ...] = ()
    problems: tuple[str, ...] = ()
    is_open: bool = False
