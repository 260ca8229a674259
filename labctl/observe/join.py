"""A run's folder -> its story: what was on the network, which calls were made and what was said, on one axis of time.

The same records give the same story.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from labctl.observe.chronicle import Chronicle, chronicle
from labctl.observe.joining.cast import Cast
from labctl.observe.joining.moments import moments
from labctl.observe.joining.traffic import packets_seen
from labctl.observe.network.network import Network
from labctl.observe.records import Line, Records, addresses_told, read_folder
from labctl.observe.records import NotRecorded as NotRecorded
from labctl.observe.story import HostSeen, OutputSeen, RulesSeen, StepSeen, Story


def story_of(folder: Path) -> Story:
    """The story of the run that left this folder. NotRecorded where no run did."""
    return joined(read_folder(folder))


def joined(records: Records) -> Story:
    """The story that records tell. Pure."""
    told = chronicle(records.lines)
    network = Network(records.capture, records.plan, told)
    hosts = _hosts(records, [*network.recorded_at, *(program.host for program in told.programs)])
    zero_ns = _zero(told)
    present = [host.name for host in hosts if not host.is_absent]
    cast = Cast(present, told.programs, records.traces or {}, zero_ns, told.halted)
    packets, ties = packets_seen(network, cast, zero_ns)
    story = Story(
        id=told.id,
        engine=told.engine,
        verdict=told.verdict,
        reason=told.reason,
        about=told.about,
        text=records.text,
        zero_ns=zero_ns,
        hosts=hosts,
        lanes=cast.lanes,
        steps=tuple(_steps(told, zero_ns)),
        calls=cast.calls(ties, packets),
        packets=packets,
        signals=cast.signals,
        ends=cast.ends,
        outputs=tuple(_outputs(told, cast, zero_ns)),
        rules=tuple(
            RulesSeen(host=one.host, at_ns=one.at_ns - zero_ns, rules=tuple(rule.words for rule in one.rules))
            for one in told.in_force
        ),
        is_open=records.plan.get("internet") is True,
        problems=(*_unrecorded(records), *records.problems, *told.problems, *network.problems, *cast.problems),
    )
    return replace(story, moments=moments(story))


def _unrecorded(records: Records) -> list[str]:
    """What was not asked for; a drawing without it would look as if it had not been."""
    missing = [
        name for name, record in (("packets", records.capture), ("system calls", records.traces)) if record is None
    ]
    return [f"{' and '.join(missing)} were not recorded: `labctl run --see` does"] if missing else []


def _hosts(records: Records, seen: Iterable[str]) -> tuple[HostSeen, ...]:
    """Those of the plan; whoever was seen without being there, for it can't be read, is known by name."""
    planned = tuple(
        HostSeen(host["name"], tuple(addresses_told(host)), is_absent, _networks(host))
        for kind, is_absent in (("hosts", False), ("absent", True))
        for host in records.plan.get(kind, [])
    )
    known = {host.name for host in planned if not host.is_absent}
    return planned + tuple(HostSeen(name, ()) for name in dict.fromkeys(seen) if name not in known)


def _networks(host: Line) -> tuple[str, ...] | UnsetType:
    names = tuple(str(wire["network"]) for wire in host.get("interfaces", ()))
    return names or UNSET


def _zero(told: Chronicle) -> int:
    """When the first step began; in a run that came to none, its first program."""
    begun = [step.began_ns for step in told.steps] or [program.at_ns for program in told.programs]
    return min(begun, default=0)


def _steps(told: Chronicle, zero_ns: int) -> list[StepSeen]:
    return [
        StepSeen(
            number=step.number,
            title=step.title,
            why=step.why,
            verdict=step.verdict,
            complaints=step.complaints,
            began_ns=step.began_ns - zero_ns,
            ended_ns=None if step.ended_ns is None else step.ended_ns - zero_ns,
        )
        for step in told.steps
    ]


def _outputs(told: Chronicle, cast: Cast, zero_ns: int) -> list[OutputSeen]:
    placed = ((cast.lane_of(one.key), one) for one in told.printed)
    return [
        OutputSeen(lane=lane, at_ns=one.at_ns - zero_ns, stream=one.stream, text=one.text)
        for lane, one in placed
        if lane is not None
    ]
