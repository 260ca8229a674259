"""What is in force on the links of a lab, shown to people."""

from __future__ import annotations

from labctl.cli.links.link_lines import link_lines
from labctl.runner.counted import Counts
from labctl.scenario.model import Fault, Only, Which
from labctl.standing.seen import FaultsSeen, LinkSeen, OthersRule

HOSTS = ("cheerios", "client", "other")
NOTHING = FaultsSeen(links=(), others=(), gone={}, lost={})
LOSS = Fault(name="drop", which=Which(share=0.2), burst=3.5)


def seen(*senders: str, faults: tuple[Fault, ...] = (LOSS,), counts: Counts | None = None) -> FaultsSeen:
    link = LinkSeen(senders=senders, receiver="cheerios", only=Only("udp", 51717), faults=faults, counts=counts)
    return FaultsSeen(links=(link,), others=(), gone={}, lost={})


def test_of_nothing_it_is_said_that_there_is_nothing() -> None:
    assert list(link_lines(NOTHING, HOSTS)) == ["no link has a fault"]


def test_a_direction_with_what_is_in_force_and_what_was_counted() -> None:
    counts = Counts(sent=5, arrived=3, dropped=2, lost={"client": (2, 4)})
    assert list(link_lines(seen("client", counts=counts), HOSTS)) == [
        "client -> cheerios, udp 51717: drop 20% burst 3.5",
        "  sent 5, arrived 3, dropped 2 (client: 2, 4)",
    ]


def test_what_is_said_of_a_fault_is_all_that_it_does() -> None:
    faults = (
        Fault(name="rate", rate=1e6, queue_s=0.05),
        Fault(name="corrupt", which=Which(ordinals=(1,)), visible=True),
        Fault(name="reorder", which=Which(ordinals=(2,)), hold=3),
        Fault(name="delay", delay_s=0.04, jitter_s=0.01),
    )
    line = next(link_lines(seen("client", faults=faults), HOSTS))
    assert line.partition(": ")[2] == (
        "rate 1mbit queue 50ms, corrupt [1] visible true, reorder [2] hold 3, delay 40ms jitter 10ms"
    )


def test_all_other_hosts_are_any() -> None:
    assert next(link_lines(seen("client", "other"), HOSTS)).startswith("any -> cheerios")


def test_of_many_lost_packets_the_first_are_shown() -> None:
    counts = Counts(sent=99, dropped=50, lost={"client": tuple(range(1, 51))})
    assert list(link_lines(seen("client", counts=counts), HOSTS))[1].endswith("19, 20, …)")


def test_what_can_not_be_relied_on_is_said() -> None:
    """A sidecar that died with its last words, packets that were lost on their way to one, and rules of runs."""
    others = (OthersRule("client", "cut any -> client", True), OthersRule("client", "delay any -> client", False))
    told = FaultsSeen(links=(), others=others, gone={"cheerios": "no memory"}, lost={"client": 3})
    assert list(link_lines(told, HOSTS)) == [
        "cut any -> client, where client receives: put there by a run that goes on",
        "delay any -> client, where client receives: put there by a run that left its lab standing",
        "what looks after the links of cheerios has ended: no memory",
        "  nothing that was to happen there can be relied on; `labctl heal 'any -> cheerios'` mends that",
        "3 packets were lost where client receives, before they could be looked at",
    ]
