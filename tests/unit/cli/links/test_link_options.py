"""Options of `labctl link` are read as scenarios are, and what is wrong with them is said of the option."""

from __future__ import annotations

import pytest

from labctl.cli.links.link_options import heal_from, impair_from
from labctl.cli.refusals import BadOptions
from labctl.scenario.model import Fault, Impair, Link, Only, Which

NAMES = {"cheerios": ("cheerios",), "client": ("client",), "nobody": ()}
ABSENT = {"nobody"}


def read(text: str = "client -> cheerios", **options: str | bool) -> Impair:
    return impair_from(text, options, NAMES, ABSENT)[0]


def refused(text: str = "client -> cheerios", **options: str | bool) -> str:
    with pytest.raises(BadOptions) as raised:
        impair_from(text, options, NAMES, ABSENT)
    return raised.value.message


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("2,4", Which(ordinals=(2, 4))),
        ("2, 4", Which(ordinals=(2, 4))),
        ("2", Which(ordinals=(2,))),
        ("20%", Which(share=0.2)),
        ("first:3", Which(first=3)),
        ("every:5", Which(every=5)),
        ("contains:a, b:c", Which(contains="a, b:c")),
        ("contains:7", Which(contains="7")),
    ],
)
def test_which_packets_as_one_types_it(text: str, which: Which) -> None:
    assert read(only="udp 51717", drop=text).faults == (Fault(name="drop", which=which),)


def test_fragments() -> None:
    assert read(drop="fragments").faults == (Fault(name="drop", which=Which(fragments=True)),)


def test_all_options_together_are_one_step() -> None:
    """Each fault once, in the order in which a packet passes them."""
    step = read(
        "client <-> cheerios",
        only="tcp",
        drop="20%",
        burst="2",
        duplicate="3",
        corrupt="5",
        visible=True,
        reorder="7",
        hold="2",
        delay="40ms",
        jitter="10ms",
        rate="1mbit",
        queue="1s",
        seed="9",
    )
    assert (step.link, step.only, step.seed) == (Link("client", "cheerios", both=True), Only("tcp"), 9)
    assert step.faults == (
        Fault(name="rate", rate=1e6, queue_s=1.0),
        Fault(name="drop", which=Which(share=0.2), burst=2.0),
        Fault(name="corrupt", which=Which(ordinals=(5,)), visible=True),
        Fault(name="duplicate", which=Which(ordinals=(3,))),
        Fault(name="reorder", which=Which(ordinals=(7,)), hold=2),
        Fault(name="delay", delay_s=0.04, jitter_s=0.01),
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drop": "120%"}, "--drop: '120%' is more than all packets\n  write at most `100%`"),
        ({"drop": "0", "only": "udp"}, "--drop: there is no packet 0\n  write 1 for the first"),
        ({"drop": "2,4"}, "and --only is missing\n  add `--only 'udp 51717'`"),
        ({"drop": "2,x", "only": "udp"}, "--drop: 'x' is not a whole number"),
        ({"drop": "2,", "only": "udp"}, "--drop: a whole number is expected here, and there is nothing"),
        ({"drop": ""}, "--drop: '' does not say which packets\n  write it like `2,4`, `20%` or `first:3`"),
        ({"drop": "*"}, "--drop: '*' does not say which packets\n  write `100%`"),
        ({"drop": "nth:3", "only": "udp"}, "--drop: unknown key 'nth' in which packets"),
        ({"corrupt": "fragments"}, "--corrupt: fragments can only be lost\n  write `--drop fragments`"),
        ({"burst": "3"}, "--burst stands with `--drop`\n  write it beside `--drop 20%`"),
        ({"only": "udp:51717", "drop": "3"}, "--only: 'udp:51717' does not say which packets\n  write `udp 51717`"),
        ({"cut": "true"}, "--cut: 'true' is not a way to cut\n  write `--cut silent`"),
        ({"cut": "no"}, "--cut: 'no' is not a way to cut\n  use `labctl heal`"),
        ({"delay": "40"}, "--delay: '40' is not a time"),
        ({"rate": "100"}, "--rate: '100' is not a rate\n  write `100bit`"),
        ({"hold": "0", "reorder": "100%"}, "--hold: '0' is not from 1 to 1000\n  leave `--reorder` out"),
        ({"delay": "5s", "jitter": "6s"}, "--jitter is larger than --delay"),
        (
            {},
            "nothing is to be done to the link\n  add a fault, such as `--drop 20%`, `--delay 40ms` or `--cut silent`",
        ),
    ],
)
def test_what_is_wrong_is_said_of_its_option(options: dict[str, str], said: str) -> None:
    assert said in refused(**options)


def test_every_problem_is_said_at_once() -> None:
    said = refused("client -> cherios", drop="120%", delay="x").splitlines()
    assert [line for line in said if not line.startswith("  ")] == [
        "labctl: unknown host 'cherios'",
        "labctl: --drop: '120%' is more than all packets",
        "labctl: --delay: 'x' is not a time",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("client -> cherios", "did you mean 'cheerios'? hosts: any, cheerios, client"),
        ("client -", "'client -' is not a link\n  write `A -> B`, or `A <-> B` for both ways, in quotes"),
        ("* -> client", "'*' is not a host\n  write `any`"),
        ("client -> client", "'client' sends itself nothing over a link"),
        ("client -> nobody", "'nobody' is absent"),
    ],
)
def test_a_link_joins_two_hosts_of_the_lab(text: str, said: str) -> None:
    assert said in refused(text, drop="20%")


def test_a_seed_that_changes_nothing_is_warned_of() -> None:
    _, [warning] = impair_from("client -> cheerios", {"delay": "40ms", "seed": "3"}, NAMES, ABSENT)
    assert warning.startswith("--seed changes nothing")


def test_heal_takes_a_link_or_all() -> None:
    assert heal_from("all", NAMES, ABSENT).link is None
    assert heal_from("client -> cheerios", NAMES, ABSENT).link == Link("client", "cheerios")
    with pytest.raises(BadOptions) as raised:
        heal_from("any", NAMES, ABSENT)
    assert "`labctl heal 'A -> B'`" in raised.value.message
