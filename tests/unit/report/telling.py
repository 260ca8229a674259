"""A run told by hand, event after event -> a `Story` with its moments in order of time."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.observe.story import (
    Arrival,
    CallSeen,
    EndSeen,
    Group,
    HostSeen,
    Kind,
    Lane,
    Moment,
    OutputSeen,
    PacketSeen,
    RulesSeen,
    SignalSeen,
    StepSeen,
    Story,
)

ZERO_NS = 1_795_729_274_186_000_000


class Telling:
    """Takes down what happened, times in microseconds since the first step began. Give each event a time of its own:
    events at the same time stay as they were told only within their kind."""

    def __init__(self, *hosts: HostSeen) -> None:
        self._hosts = hosts
        self._lanes: list[Lane] = []
        self._steps: list[StepSeen] = []
        self._calls: list[CallSeen] = []
        self._packets: list[PacketSeen] = []
        self._signals: list[SignalSeen] = []
        self._ends: list[EndSeen] = []
        self._outputs: list[OutputSeen] = []
        self._rules: list[RulesSeen] = []

    def lane(self, host: str, program: str = "", command: str = "") -> int:
        """A program on a host, or the host's kernel; its number."""
        self._lanes.append(Lane(host, program, command))
        return len(self._lanes) - 1

    def step(
        self, began_us: int, ended_us: int | None, title: str, why: str = "", verdict: str = "pass", *complaints: str
    ) -> None:
        """The next step."""
        self._steps.append(
            StepSeen(
                number=len(self._steps) + 1,
                title=title,
                why=why,
                verdict=verdict,
                complaints=complaints,
                began_ns=began_us * 1000,
                ended_ns=None if ended_us is None else ended_us * 1000,
            )
        )

    def call(
        self,
        lane: int,
        begins_us: int,
        ends_us: int | None,
        written: str,
        result: str = "0",
        *,
        group: Group = "socket",
        socket: str = "",
        packets: tuple[int, ...] = (),
        pid: int = 0,
    ) -> int:
        """A system call, written `name(arguments)`, its result as strace prints it; its number."""
        name, _, arguments = written.removesuffix(")").partition("(")
        number = result.split(" ")[0].split("<")[0]
        self._calls.append(
            CallSeen(
                lane=lane,
                pid=pid or 100 + lane,
                name=name,
                arguments=arguments,
                result=result if ends_us is not None else "?",
                returned=int(number) if ends_us is not None else None,
                error=result.split(" ")[1] if result.startswith("-1 ") else "",
                begins_ns=begins_us * 1000,
                ends_ns=None if ends_us is None else ends_us * 1000,
                group=group,
                socket=socket,
                packets=packets,
            )
        )
        return len(self._calls) - 1

    def packet(
        self,
        lane: int,
        left_us: int | None,
        arrivals: tuple[Arrival, ...],
        words: str,
        detail: str = "",
        *,
        kind: Kind = "tcp",
        notes: tuple[str, ...] = (),
        text: str = "",
        size: int = 66,
        is_noise: bool = False,
    ) -> int:
        """A packet; its number."""
        first = 1 + sum(len(packet.frames) for packet in self._packets)
        seen = (left_us is not None) + len(arrivals)
        self._packets.append(
            PacketSeen(
                lane=lane,
                left_ns=None if left_us is None else left_us * 1000,
                arrivals=arrivals,
                kind=kind,
                words=words,
                detail=detail or words,
                notes=notes,
                text=text,
                size=size,
                is_noise=is_noise,
                frames=tuple(range(first, first + seen)),
            )
        )
        return len(self._packets) - 1

    def signal(self, lane: int, at_us: int, name: str, detail: str) -> None:
        """A signal that the program got."""
        self._signals.append(SignalSeen(lane=lane, pid=100 + lane, at_ns=at_us * 1000, name=name, detail=detail))

    def end(self, lane: int, at_us: int, ending: str = "exit 0", *, is_main: bool = True) -> None:
        """The end of a process."""
        self._ends.append(EndSeen(lane=lane, pid=100 + lane, at_ns=at_us * 1000, ending=ending, is_main=is_main))

    def output(self, lane: int, at_us: int, text: str, stream: str = "stdout") -> None:
        """What the program printed."""
        self._outputs.append(OutputSeen(lane=lane, at_ns=at_us * 1000, stream=stream, text=text))

    def rules(self, host: str, at_us: int, *rules: str) -> None:
        """The rules in force from here on where the host receives."""
        self._rules.append(RulesSeen(host=host, at_ns=at_us * 1000, rules=rules))

    def story(
        self,
        name: str,
        about: str,
        text: str,
        *,
        verdict: str = "pass",
        reason: str = "",
        engine: str = "netns",
        problems: tuple[str, ...] = (),
    ) -> Story:
        """All that was told."""
        return Story(
            id=name,
            engine=engine,
            verdict=verdict,
            reason=reason,
            about=about,
            text=text,
            zero_ns=ZERO_NS,
            hosts=self._hosts,
            lanes=tuple(self._lanes),
            steps=tuple(self._steps),
            calls=tuple(self._calls),
            packets=tuple(self._packets),
            signals=tuple(self._signals),
            ends=tuple(self._ends),
            outputs=tuple(self._outputs),
            rules=tuple(self._rules),
            moments=tuple(sorted(self._moments(), key=lambda moment: moment.at_ns)),
            problems=problems,
        )

    def _moments(self) -> Iterator[Moment]:
        told = sorted([*self._all_but_calls(), *self._ends_of_calls()], key=lambda moment: moment.at_ns)
        place = {(moment.kind, moment.of): number for number, moment in enumerate(told) if moment.kind != "arrive"}
        yield from (moment for moment in told if moment.kind not in ("begin", "return"))
        for of, call in enumerate(self._calls):
            if call.ends_ns is None:
                yield Moment(call.begins_ns, "begin", of)
            elif place["return", of] == place["begin", of] + 1:
                yield Moment(call.begins_ns, "call", of)
            else:
                yield from (Moment(call.begins_ns, "begin", of), Moment(call.ends_ns, "return", of))

    def _ends_of_calls(self) -> Iterator[Moment]:
        for of, call in enumerate(self._calls):
            yield Moment(call.begins_ns, "begin", of)
            if call.ends_ns is not None:
                yield Moment(call.ends_ns, "return", of)

    def _all_but_calls(self) -> Iterator[Moment]:
        yield from (Moment(step.began_ns, "step", of) for of, step in enumerate(self._steps))
        yield from (Moment(rules.at_ns, "rules", of) for of, rules in enumerate(self._rules))
        for of, packet in enumerate(self._packets):
            if packet.left_ns is not None:
                yield Moment(packet.left_ns, "leave", of)
            yield from (Moment(one.at_ns, "arrive", of, place) for place, one in enumerate(packet.arrivals))
        yield from (Moment(signal.at_ns, "signal", of) for of, signal in enumerate(self._signals))
        yield from (Moment(end.at_ns, "end", of) for of, end in enumerate(self._ends))
        yield from (Moment(output.at_ns, "output", of) for of, output in enumerate(self._outputs))
