"""Steps of links have titles in the words in which they are written."""

from __future__ import annotations

import pytest

from labctl.runner.titles import title
from labctl.scenario.read import scenario_of
from labctl.scenario.yaml.tree import parse


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (
            "link: client -> cheerios, only: udp 51717, drop: [2, 4]",
            "link client -> cheerios: drop [2, 4] of udp 51717",
        ),
        ("link: any <-> cheerios, cut: reset", "link any <-> cheerios: cut reset"),
        (
            "link: client -> cheerios, delay: 40ms, drop: 0.5%, rate: 1500kbit",
            "link client -> cheerios: rate 1500kbit, drop 0.5%, delay 40ms",
        ),
        (
            "link: client -> cheerios, only: udp, reorder: {every: 5}",
            "link client -> cheerios: reorder {every: 5} of udp",
        ),
        ("link: client -> cheerios, corrupt: {contains: a b}", "link client -> cheerios: corrupt {contains: 'a b'}"),
        ("link: client -> cheerios, only: icmp, drop: fragments", "link client -> cheerios: drop fragments of icmp"),
        ("link: client -> cheerios, rate: 2gbit, delay: 1.5s", "link client -> cheerios: rate 2gbit, delay 1.5s"),
        ("link: client -> cheerios, rate: 999bit, only: tcp", "link client -> cheerios: rate 999bit of tcp"),
        ("heal: client <-> cheerios", "heal client <-> cheerios"),
        ("heal: all", "heal all"),
        ("check: client -> cheerios, only: udp 7, expect: {sent: 5}", "check client -> cheerios, udp 7"),
        ("wait: client -> cheerios, until: {arrived: 3}", "wait for client -> cheerios"),
    ],
)
def test_a_title_is_nearly_what_was_written(step: str, wanted: str) -> None:
    text = f"hosts: {{cheerios: {{}}, client: {{}}}}\nsteps:\n  - {{{step}}}\n"
    (only,) = scenario_of(parse(text, "x.yaml"), services=["cheerios", "client"]).steps

    assert title(only) == wanted
