"""What may stand after a halt, and what may not."""

from __future__ import annotations

import pytest

from labctl.scenario.problems import ScenarioError
from tests.unit.scenario.written import HOSTS, scenario


@pytest.mark.parametrize(
    "later",
    [
        "{on: client-1, start: server 51717, name: other}",
        "{check: stays}",
        "{check: many-1}",
        '{on: client-1, check: "tcp cheerios:51717"}',
        "{on: client-1, check: {addr: cheerios}, expect: {is_resolvable: true}}",
        "{on: client-1, run: 'ping {cheerios.ip}'}",
    ],
)
def test_after_a_halt_the_others_and_the_halted_hosts_name_may_be_used(later: str) -> None:
    """Only what would have to happen on the halted host is refused."""
    before = (
        "  - {on: client-1, start: cat, name: stays}\n"
        "  - {on: client, start: cat, name: many}\n"
        "  - {on: cheerios, start: server 51717}\n"
    )
    assert scenario(f"{HOSTS}steps:\n{before}  - halt: cheerios\n  - {later}\n").steps


@pytest.mark.parametrize("later", ["{on: here, run: ls}", "{wait: server}", "{halt: here}"])
def test_what_comes_after_a_halt_is_looked_at_where_nobody_knows_the_hosts(later: str) -> None:
    """Without compose.yaml a name is taken for one host."""
    text = f"steps:\n  - {{on: here, start: server 51717}}\n  - halt: here\n  - {later}\n"
    with pytest.raises(ScenarioError, match="halted in line 3"):
        scenario(text, services=None)
