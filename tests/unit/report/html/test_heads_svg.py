"""What stands above the lanes of a page."""

from __future__ import annotations

import re

from labctl.observe.story import HostSeen
from labctl.report.html.page import page
from tests.unit.report.telling import Telling


def test_a_kernel_beside_its_hosts_only_program_has_no_head_of_its_own() -> None:
    """It would hide the program's: both have one place."""
    told = Telling(HostSeen("client", ("10.51.0.3",)))
    program, kernel = told.lane("client", "client-udp", "client-udp cheerios 51717"), told.lane("client")
    told.call(program, 10, 20, "close(3)")
    told.output(program, 30, "done\n")
    told.packet(kernel, 40, (), "port unreachable", kind="icmp")
    heads = re.search(r'<svg class="heads".*?</svg>', page([told.story("s", "", "")]), re.DOTALL)
    assert heads is not None
    assert re.findall(r'class="name"[^>]*>([^<]*)<', heads[0]) == ["client-udp"]
