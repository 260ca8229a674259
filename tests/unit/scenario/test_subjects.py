"""What a step is about: a PORT is a protocol and a place."""

from __future__ import annotations

import pytest

from labctl.scenario.model import Port, Start, Wait
from tests.unit.scenario.written import step


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("tcp 51717", Port("tcp", 51717)),
        ("udp 7", Port("udp", 7)),
        ("tcp localhost:51717", Port("tcp", 51717, "localhost")),
        ("tcp cheerios:51717", Port("tcp", 51717, "cheerios")),
        ("tcp client-2:51717", Port("tcp", 51717, "client-2")),
        ("tcp 127.0.0.1:51717", Port("tcp", 51717, "127.0.0.1")),
        ("'tcp [::1]:51717'", Port("tcp", 51717, "::1")),
        ("unix /tmp/a b.sock", Port("unix", path="/tmp/a b.sock")),
        ("unix @lab", Port("unix", path="@lab")),
    ],
)
def test_a_port_is_a_protocol_and_a_place(text: str, port: Port) -> None:
    assert step(Wait, f"\n      on: cheerios\n      wait: {text}").subject == port


@pytest.mark.parametrize("port", [Port("tcp"), Port("udp")])
def test_ready_takes_any_port_of_a_protocol(port: Port) -> None:
    assert step(Start, f"{{on: client, start: x, ready: {port.protocol}}}").ready == port
