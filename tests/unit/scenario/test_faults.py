"""`link`, `heal` and LINKs that are looked at become values; what the language says of each key is so."""

from __future__ import annotations

import pytest

from labctl.scenario.links.faults import FAULTS
from labctl.scenario.model import (
    Check,
    Fault,
    Heal,
    Impair,
    Link,
    LinkState,
    Num,
    Only,
    Scenario,
    Wait,
    Which,
)
from labctl.scenario.problems import ScenarioError
from labctl.scenario.read import scenario_of
from labctl.scenario.yaml.tree import parse

HOSTS = "hosts: {cheerios: {}, client: {count: 2}, nobody: {absent: true}}\n"
CLIENTS_TO_CHEERIOS = Link("client", "cheerios")
CUTS = ("silent", "reset", "port-unreachable", "host-unreachable", "net-unreachable", "admin-prohibited")


def scenario(*steps: str, hosts: str = HOSTS) -> Scenario:
    listed = "".join(f"  - {step}\n" for step in steps)
    return scenario_of(parse(f"{hosts}steps:\n{listed}", "x.yaml"), services=("cheerios", "client"))


def impair(keys: str) -> Impair:
    (step,) = scenario(f"{{link: client -> cheerios, {keys}}}").steps
    assert isinstance(step, Impair)
    return step


def fault(keys: str) -> Fault:
    (only,) = impair(keys).faults
    return only


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("[2, 4]", Which(ordinals=(2, 4))),
        ("[4, 2, 1000000]", Which(ordinals=(2, 4, 1_000_000))),
        ("20%", Which(share=0.2)),
        ("0.5%", Which(share=0.005)),
        ("100%", Which(share=1.0)),
        ("{first: 3}", Which(first=3)),
        ("{every: 5}", Which(every=5)),
        ("{contains: 42}", Which(contains="42")),
    ],
)
@pytest.mark.parametrize("name", ["drop", "duplicate", "corrupt", "reorder"])
def test_which_packets_can_be_said_in_every_form(name: str, text: str, which: Which) -> None:
    assert fault(f"only: udp, {name}: {text}") == Fault(name=name, which=which)  # type: ignore[arg-type]  # one of them


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("drop: fragments", Fault(name="drop", which=Which(fragments=True))),
        ("drop: 20%, burst: 3.5", Fault(name="drop", which=Which(share=0.2), burst=3.5)),
        ("drop: 50%, burst: 1", Fault(name="drop", which=Which(share=0.5))),
        ("drop: 90%, burst: 9", Fault(name="drop", which=Which(share=0.9), burst=9)),
        ("reorder: 20%, hold: 3", Fault(name="reorder", which=Which(share=0.2), hold=3)),
        ("corrupt: 20%, visible: true", Fault(name="corrupt", which=Which(share=0.2), visible=True)),
        ("delay: 40ms", Fault(name="delay", delay_s=0.04)),
        ("delay: 1s, jitter: 1s", Fault(name="delay", delay_s=1, jitter_s=1)),
        ("rate: 1500bit", Fault(name="rate", rate=1500)),
        ("rate: 64kbit", Fault(name="rate", rate=64_000)),
        ("rate: 1.5mbit", Fault(name="rate", rate=1_500_000)),
        ("rate: 1gbit, queue: 0ms", Fault(name="rate", rate=1e9, queue_s=0)),
        *((f"cut: {answer}", Fault(name="cut", answer=answer)) for answer in CUTS),
    ],
)
def test_a_fault_has_what_stands_beside_it(keys: str, wanted: Fault) -> None:
    assert fault(keys) == wanted


def test_what_stands_beside_one_fault_is_not_the_others() -> None:
    drop, corrupt, reorder = impair("reorder: 1%, hold: 2, drop: 20%, burst: 3, corrupt: 5%, visible: true").faults

    assert (drop.name, drop.burst, drop.hold, drop.visible) == ("drop", 3, 1, False)
    assert (corrupt.name, corrupt.burst, corrupt.hold, corrupt.visible) == ("corrupt", 1, 1, True)
    assert (reorder.name, reorder.burst, reorder.hold, reorder.visible) == ("reorder", 1, 2, False)


def test_faults_come_in_the_order_in_which_a_packet_passes_them() -> None:
    step = impair("delay: 1s, reorder: 1%, duplicate: 1%, corrupt: 1%, drop: 1%, rate: 1mbit")

    assert [one.name for one in step.faults] == [name for name in FAULTS if name != "cut"]


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("tcp", Only("tcp")),
        ("udp", Only("udp")),
        ("icmp", Only("icmp")),
        ("tcp 65535", Only("tcp", 65535)),
        ("udp 1", Only("udp", 1)),
    ],
)
def test_only_is_a_protocol_and_may_name_a_port(text: str, only: Only) -> None:
    assert impair(f"only: {text}, drop: [1]").only == only


def test_fragments_may_be_those_of_a_protocol() -> None:
    assert impair("only: udp, drop: fragments").only == Only("udp")


def test_a_link_step_has_its_own_seed_or_none() -> None:
    assert impair("drop: 20%, seed: 0").seed == 0
    assert impair("drop: 20%").seed is None


def test_chance_by_itself_needs_no_kind_of_packets() -> None:
    assert impair("drop: 20%").only is None
    assert impair("drop: {contains: x}").only is None


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("client -> cheerios", CLIENTS_TO_CHEERIOS),
        ("client <-> cheerios", Link("client", "cheerios", both=True)),
        ("client-1 -> client-2", Link("client-1", "client-2")),
        ("client -> client", Link("client", "client")),
        ("client -> client-2", Link("client", "client-2")),
        ("any -> any", Link("any", "any")),
    ],
)
def test_a_link_joins_hosts_and_copies_may_be_both_ends(text: str, link: Link) -> None:
    steps = scenario(f"{{link: {text}, cut: silent}}", f"{{heal: {text}}}").steps

    assert [step.link for step in steps if isinstance(step, Impair | Heal)] == [link, link]


def test_heal_all_names_no_link() -> None:
    (step,) = scenario("{heal: all, why: over}").steps

    assert isinstance(step, Heal)
    assert (step.link, step.why) == (None, "over")


def test_without_known_hosts_no_end_is_unknown() -> None:
    text = "steps:\n  - {link: here -> there, cut: silent}\n  - {heal: there -> there}\n"

    assert len(scenario_of(parse(text, "x.yaml"), services=None).steps) == 2


def test_a_text_in_a_packet_has_no_placeholders() -> None:
    assert fault('drop: {contains: "{unheard-of.ip}"}').which == Which(contains="{unheard-of.ip}")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("sent: 5, arrived: {min: 3}", LinkState(sent=Num(5, 5), arrived=Num(3, None))),
        ("dropped: 2", LinkState(dropped=Num(2, 2))),
        ("dropped: {max: 2}", LinkState(dropped=Num(None, 2))),
        ("dropped: [4, 2]", LinkState(dropped=(2, 4))),
        ("retransmitted: 1, resets: 0", LinkState(retransmitted=Num(1, 1), resets=Num(0, 0))),
    ],
)
def test_a_link_is_looked_at_and_waited_for(text: str, state: LinkState) -> None:
    check, wait = scenario(
        f"{{check: client -> cheerios, only: tcp 7, expect: {{{text}}}}}",
        f"{{wait: client -> cheerios, only: tcp 7, until: {{{text}}}, timeout: 3s}}",
    ).steps

    assert isinstance(check, Check)
    assert (check.subject, check.only, check.expect, check.on) == (CLIENTS_TO_CHEERIOS, Only("tcp", 7), state, None)
    assert isinstance(wait, Wait)
    assert (wait.subject, wait.only, wait.until, wait.expect) == (CLIENTS_TO_CHEERIOS, Only("tcp", 7), state, None)


def test_both_ways_losses_are_counted_together() -> None:
    (step,) = scenario("{check: client <-> cheerios, expect: {dropped: 3}}").steps

    assert isinstance(step, Check)
    assert step.expect == LinkState(dropped=Num(3, 3))


def test_what_a_halted_host_had_sent_can_be_looked_at_where_it_arrived() -> None:
    assert scenario("{halt: client-1}", "{check: client-1 -> cheerios, expect: {sent: 3}}").steps
    assert scenario("{halt: client-1}", "{check: any -> cheerios, expect: {sent: 3}}").steps


def test_what_is_looked_at_need_never_have_had_a_fault() -> None:
    steps = ("{link: client -> cheerios, cut: silent}", "{check: cheerios -> client, only: udp, expect: {sent: 0}}")

    assert len(scenario(*steps).steps) == 2


def test_any_is_never_an_absent_host() -> None:
    with pytest.raises(ScenarioError, match="nobody is left"):
        scenario("{link: any -> cheerios, cut: silent}", hosts="hosts: {cheerios: {}, client: {absent: true}}\n")
