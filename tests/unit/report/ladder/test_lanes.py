"""What a column's line looks like while its rows are told."""

from __future__ import annotations

from labctl.observe.story import Story
from labctl.report.drawing import drawn
from labctl.report.ladder import ladder
from tests.unit.report.stories import CLIENT, SERVER, arrived
from tests.unit.report.telling import Telling


def lines(story: Story) -> list[str]:
    """Its ladder, 80 wide."""
    return list(ladder(drawn(story), width=80))


def test_no_program_runs_where_only_the_kernel_answers() -> None:
    """Before a lane's program begins, and after it has ended."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios", "server", "server"), it.lane("client", "client", "client")
    it.call(client, 10, 20, "socket(AF_INET, SOCK_STREAM, 0)", "3")
    it.packet(client, 100, arrived(server, 130), "SYN")
    it.call(server, 200, 210, "listen(3, 5)")
    it.packet(client, 300, arrived(server, 330), "SYN")
    it.end(server, 400)
    it.packet(client, 500, arrived(server, 530), "SYN")
    told = lines(it.story("x", "", ""))
    assert [line[7] for line in told if "SYN" in line] == ["·", "│", "·"]
    assert told[-1] == "│ runs   · no program runs"


def test_a_program_whose_calls_are_not_shown_is_taken_to_run() -> None:
    """A host's kernel is no program."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios"), it.lane("client", "client", "client")
    it.packet(client, 100, arrived(server, 130), "UDP 2", kind="udp")
    it.packet(server, 200, arrived(client, 230), "port unreachable", kind="icmp")
    assert lines(it.story("x", "", ""))[-4:-2] == [
        "0.100  ·◀───────────── UDP 2 ──────────────┤",
        "0.200  ├──────── port unreachable ────────▶│",
    ]
