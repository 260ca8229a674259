"""Which records are made of a run because its scenario expects something of them."""

from __future__ import annotations

import pytest

from labctl.scenario.needs import needs_capture, needs_trace
from tests.unit.scenario.written import HOSTS, STARTED, scenario


def needs(step: str) -> tuple[bool, bool]:
    """Whether a scenario with this step needs a trace, and a capture."""
    read = scenario(f"{HOSTS}steps:\n{STARTED}  - {{{step}}}\n")
    return needs_trace(read), needs_capture(read)


@pytest.mark.parametrize(
    "step",
    [
        "on: client, run: ls, expect: {syscalls: [bind]}",
        "stop: server, expect: {syscalls: [bind]}",
        "wait: server, expect: {syscalls: [bind]}",
        "on: client, run: ls, count: 1, expect: [{count: 1}, {count: 1, syscalls: [bind]}]",
    ],
)
def test_expected_calls_need_a_trace(step: str) -> None:
    assert needs(step) == (True, False)


def test_packets_in_an_order_need_a_capture() -> None:
    assert needs("check: client -> cheerios, expect: {order: [-> SYN]}") == (False, True)


@pytest.mark.parametrize(
    "step",
    [
        "on: client, run: ls",
        "wait: server",
        "wait: server, until: {blocked: accept}",
        "check: client -> cheerios, expect: {sent: 1}",
        "on: cheerios, check: tcp 51717",
    ],
)
def test_nothing_else_needs_a_record(step: str) -> None:
    assert needs(step) == (False, False)
