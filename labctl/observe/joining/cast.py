"""Programs and their traces -> the lanes of a story, and what happened in each of them. Pure.

Numbers of calls here are places among all calls of all programs, in the order in which they began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from labctl.observe.chronicle import ProgramRan
from labctl.observe.joining.ownership import Life, Owners, lives
from labctl.observe.joining.ties import Made
from labctl.observe.story import CallSeen, EndSeen, Lane, PacketSeen, SignalSeen
from labctl.observe.trace.groups import group_of
from labctl.observe.trace.sockets import Followed, Use, followed
from labctl.observe.trace.sockets import words as socket_words
from labctl.observe.trace.strace import Call, Problem, Signal, Trace, read

HALTED = "its host is halted"
"""How a program ended that went with its host."""
IS_STOPPED = "is stopped"
"""What a signal did to a process that it stopped."""


class _Traced(Struct, frozen=True):
    """A program's lane with what its trace says."""

    lane: int
    program: ProgramRan
    trace: Trace
    followed: Followed
    lives: dict[int, Life]
    last_line: int


class _Numbered(Struct, frozen=True):
    """A call of a lane, with what it did to a socket."""

    traced: _Traced
    call: Call
    use: Use | None


class Cast:
    """Who takes part. `lanes` has for each host those of its programs, and then its kernel's."""

    def __init__(
        self,
        hosts: Sequence[str],
        programs: Sequence[ProgramRan],
        traces: Mapping[str, bytes],
        zero_ns: int,
        halted: Sequence[tuple[str, int]] = (),
    ) -> None:
        """`traces`: strace's own text by the programs' keys. `halted`: hosts whose power was cut, and when."""
        self._halted_ns = dict(halted)
        self._zero_ns = zero_ns
        self._programs: list[ProgramRan | None] = []
        self._kernels: dict[str, int] = {}
        self._at: dict[str, list[tuple[int, ProgramRan]]] = defaultdict(list)
        lanes: list[Lane] = []
        for host in hosts:
            for program in sorted((one for one in programs if one.host == host), key=lambda one: one.at_ns):
                self._at[host].append((len(lanes), program))
                self._programs.append(program)
                lanes.append(Lane(host, program.name, " ".join(program.words), program.key))
            self._kernels[host] = len(lanes)
            self._programs.append(None)
            lanes.append(Lane(host, "", ""))
        self.lanes = tuple(lanes)
        self._by_key = {lane.key: number for number, lane in enumerate(lanes) if lane.key}
        self._unknown = [key for key in traces if key not in self._by_key]
        self._traced = [
            _traced(number, program, traces[program.key])
            for number, program in enumerate(self._programs)
            if program is not None and program.key in traces
        ]
        self._has_trace = {one.lane for one in self._traced}
        self._calls = sorted(
            (
                _Numbered(traced, call, use)
                for traced in self._traced
                for call, use in zip(traced.trace.calls, traced.followed.uses, strict=True)
            ),
            key=lambda one: one.call.begins_ns,
        )
        self.owners = Owners(
            (lanes[traced.lane].host, life) for traced in self._traced for life in traced.lives.values()
        )

    @property
    def problems(self) -> list[str]:
        """What of the traces could not be read. A program that still runs is in the midst of its last line."""
        unknown = [f"the trace of {key} is left out: the journal doesn't have that program" for key in self._unknown]
        return unknown + [f"{one.program.name}'s trace: {problem}" for one in self._traced for problem in _gaps(one)]

    def lane_at(self, host: str, at_ns: int) -> int:
        """The lane of whatever nobody's socket has to do with: that of the only program there then, or the kernel's."""
        alive = [
            number
            for number, program in self._at[host]
            if program.at_ns <= at_ns and (program.ended_ns is None or at_ns <= program.ended_ns)
        ]
        return alive[0] if len(alive) == 1 and alive[0] not in self._has_trace else self._kernels[host]

    def lane_of(self, key: str) -> int | None:
        """A program's lane by its key."""
        return self._by_key.get(key)

    def made(self) -> list[Made | None]:
        """What each call did to an Internet socket, by its number."""
        return [_made(one) for one in self._calls]

    def calls(self, ties: Sequence[tuple[int, ...]], packets: Sequence[PacketSeen]) -> tuple[CallSeen, ...]:
        """All calls. `ties`: by number, the packets that a call has to do with."""
        return tuple(self._seen(one, tied, packets) for one, tied in zip(self._calls, ties, strict=True))

    @property
    def signals(self) -> tuple[SignalSeen, ...]:
        """All signals, in the order in which they came. Who is stopped by one is told of it once."""
        found = [
            SignalSeen(
                lane=one.lane,
                pid=came.pid,
                at_ns=came.at_ns - self._zero_ns,
                name=came.name,
                detail=came.detail,
            )
            for one in self._traced
            for came in _told_once(one.trace.signals)
        ]
        return tuple(sorted(found, key=lambda signal: signal.at_ns))

    @property
    def ends(self) -> tuple[EndSeen, ...]:
        """Every process's end that is known, in their order."""
        found = [
            EndSeen(
                lane=one.lane,
                pid=end.pid,
                at_ns=end.at_ns - self._zero_ns,
                ending=end.ending,
                is_main=end.pid == one.program.pid,
            )
            for one in self._traced
            for end in one.trace.ends
            if end.superseded_by is None
        ]
        told = {end.lane for end in found if end.is_main}
        found += [
            EndSeen(lane=number, pid=program.pid, at_ns=ended[0] - self._zero_ns, ending=ended[1], is_main=True)
            for number, program in enumerate(self._programs)
            if program is not None and number not in told and (ended := self._ended(program)) is not None
        ]
        return tuple(sorted(found, key=lambda end: end.at_ns))

    def _ended(self, program: ProgramRan) -> tuple[int, str] | None:
        """When a program ended and how, as labctl knows it: nobody is there to tell the end of one whose host halts."""
        if program.ended_ns is not None:
            return program.ended_ns, program.ending
        halted_ns = self._halted_ns.get(program.host)
        return None if halted_ns is None else (halted_ns, HALTED)

    def _seen(self, one: _Numbered, tied: tuple[int, ...], packets: Sequence[PacketSeen]) -> CallSeen:
        call, use = one.call, one.use
        ends_ns = _ends_ns(one, self._zero_ns, [packets[number] for number in tied])
        return CallSeen(
            lane=one.traced.lane,
            pid=call.pid,
            name=call.name,
            arguments=call.arguments,
            result=call.result,
            returned=call.returned,
            error=call.error,
            begins_ns=call.begins_ns - self._zero_ns,
            ends_ns=ends_ns,
            group="socket" if use is not None else group_of(call),
            socket=socket_words(one.traced.followed.sockets[use.socket]) if use is not None else "",
            packets=tied,
        )


def _ends_ns(one: _Numbered, zero_ns: int, tied: Sequence[PacketSeen]) -> int | None:
    """When a call returned. strace knows it exactly, or between two instants: then after what it waited for or sent."""
    call, lane = one.call, one.traced.lane
    if call.ends_ns is None:
        return None
    came = [arrival.at_ns for packet in tied for arrival in packet.arrivals if arrival.lane == lane]
    left = [packet.left_ns for packet in tied if packet.lane == lane and packet.left_ns is not None]
    latest_ns = (call.ends_ns if call.ends_by_ns is None else call.ends_by_ns) - zero_ns
    before = [at_ns for at_ns in came + left if at_ns <= latest_ns]
    return max(call.ends_ns - zero_ns, *before, call.begins_ns - zero_ns)


def _gaps(one: _Traced) -> list[Problem]:
    """What can't be read. A program that still runs is in the midst of its last line."""
    is_over = one.program.ended_ns is not None
    return [problem for problem in one.trace.problems if is_over or problem.line < one.last_line]


def _told_once(signals: Iterable[Signal]) -> list[Signal]:
    """strace tells of a signal as it comes, and again where its process is stopped by it."""
    found: list[Signal] = []
    last: dict[int, int] = {}
    for came in signals:
        told = came._replace(detail=IS_STOPPED) if came.is_stop else came
        place = last.get(came.pid)
        if place is not None and came.is_stop and found[place].name == came.name:
            found[place] = told._replace(at_ns=found[place].at_ns)
        else:
            last[came.pid] = len(found)
            found.append(told)
    return found


def _made(one: _Numbered) -> Made | None:
    if one.use is None:
        return None
    socket = one.use.made if one.use.role == "accept" and one.use.made is not None else one.use.socket
    life = one.traced.lives.get(socket)
    return None if life is None else Made(one.call, one.use, life)


def _traced(lane: int, program: ProgramRan, text: bytes) -> _Traced:
    trace = read(text)
    socket_use = followed(trace)
    own = {life.socket: life for life in lives(lane, trace.calls, socket_use)}
    return _Traced(lane, program, trace, socket_use, own, last_line=len(text.splitlines()))
