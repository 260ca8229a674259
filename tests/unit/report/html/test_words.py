"""What is written at a line of the sheet."""

from __future__ import annotations

from labctl.report.drawing import Row
from labctl.report.html.words import written


def test_a_packet_that_was_seen_nowhere_else_names_the_host_that_it_was_for() -> None:
    """Where that is known, before what is out of the ordinary about it."""
    row = Row(
        at_ns=0, kind="packet", words="DATA 5", source=0, fate="vanished", note="seen nowhere else", to="client-1"
    )
    assert written(row).more == ("✗ for client-1, seen nowhere else",)
