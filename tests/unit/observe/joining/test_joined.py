"""Programs, calls and packets -> a story in which each has its place."""

from __future__ import annotations

from labctl.observe.packet.model import ACK, FIN, ICMP, IPV4, RST, SYN, UDP
from tests.unit.observe.joining.runs import Run, programs, tied
from tests.unit.observe.network.recorded import crossed, talked
from tests.unit.observe.packets import (
    CLIENT,
    CLIENT_MAC,
    PORT,
    SERVER,
    SERVER_MAC,
    Talk,
    ethernet,
    frame4,
    icmp,
    ip4,
    udp,
)

UDP_SOCKET = f"3<UDP:[{CLIENT}:40000->{SERVER}:{PORT}]>"
TO_SERVER = f'{{sa_family=AF_INET, sin_port=htons({PORT}), sin_addr=inet_addr("{SERVER}")}}'
FROM_CLIENT = f'{{sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("{CLIENT}")}}'


def datagrams(run: Run, *texts: bytes) -> tuple[str, str]:
    """A server that waits, and a client that sends these, a millisecond each; the keys of both."""
    server, client = run.program("server", "cheerios"), run.program("client", "client")
    run.call(server, 0.1, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[1]>")
    any_address = f'{{sa_family=AF_INET, sin_port=htons({PORT}), sin_addr=inet_addr("0.0.0.0")}}'
    run.call(server, 0.2, f"bind(3<UDP:[1]>, {any_address}, 16) = 0")
    run.call(client, 0.3, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[2]>")
    for number, text in enumerate(texts, 1):
        run.call(client, number, f'sendto(3<UDP:[2]>, "{text.decode()}", 1, 0, {TO_SERVER}, 16) = {len(text)}')
        run.frames(crossed(frame4(udp(text), UDP), number + 0.05))
    run.call(client, 90, f"getsockname(3<UDP:[{CLIENT}:40000]>, {FROM_CLIENT}, [16]) = 0")
    return server, client


def received(run: Run, server: str, at_ms: float, text: str) -> None:
    """The server reads a datagram of the client's."""
    run.call(
        server, at_ms, f'recvfrom(3<UDP:[0.0.0.0:{PORT}]>, "{text}", 255, 0, {FROM_CLIENT}, [128 => 16]) = {len(text)}'
    )


def test_each_datagram_belongs_to_its_own_send_and_read() -> None:
    """By their turn, where several are alike."""
    run = Run()
    server, _ = datagrams(run, b"1", b"2", b"3")
    for number in (1, 2, 3):
        received(run, server, 10 + number, str(number))
    story = run.story()
    sent, read = ([call.packets for call in story.calls if call.name == name] for name in ("sendto", "recvfrom"))
    assert sent == read == [(0,), (1,), (2,)]
    assert [packet.text for packet in story.packets] == ["1", "2", "3"]
    assert programs(story) == [("client", "server")] * 3


def test_a_datagram_that_was_lost_brought_nothing() -> None:
    """The next read has the next that was let in."""
    run = Run()
    server, _ = datagrams(run, b"1", b"2", b"3")
    run.rule(0.5, "drop [2]", ["r", "client", 2, "drop", 2_000_000, 0, UDP, 40000, PORT, 0, 1, 2])
    received(run, server, 11, "1")
    received(run, server, 13, "3")
    story = run.story()
    assert [packet.arrivals[0].fate for packet in story.packets] == ["arrived", "lost", "arrived"]
    assert [call.packets for call in story.calls if call.name == "recvfrom"] == [(0,), (2,)]


def conversation(run: Run, server: str, client: str, *, child: int = 0) -> None:
    """The client says hello and more, the server reads it in two pieces and closes; a child of it, perhaps."""
    here, there = f"{CLIENT}:40000->{SERVER}:{PORT}", f"{SERVER}:{PORT}->{CLIENT}:40000"
    run.call(server, 0.1, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[1]>")
    run.call(server, 0.2, f"listen(3<TCP:[0.0.0.0:{PORT}]>, 5) = 0")
    run.call(client, 0.3, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[2]>")
    run.call(client, 0.4, f"connect(3<TCP:[2]>, {TO_SERVER}, 16) = 0", 0.5)
    run.call(server, 0.5, f"accept4(3<TCP:[0.0.0.0:{PORT}]>, {FROM_CLIENT}, [128 => 16], 0) = 4<TCP:[{there}]>", 0.5)
    if child:
        run.call(server, 3.2, f"clone(child_stack=NULL, flags=SIGCHLD) = {10 + child}")
    run.call(client, 3.5, f'sendto(3<TCP:[{here}]>, "hello more", 10, 0, NULL, 0) = 10')
    run.call(server, 4.5, f'recvfrom(4<TCP:[{there}]>, "hello", 5, 0, NULL, NULL) = 5', child=child)
    run.call(server, 4.6, f'recvfrom(4<TCP:[{there}]>, " more", 255, 0, NULL, NULL) = 5', child=child)
    run.call(server, 4.8, f"close(4<TCP:[{there}]>) = 0", child=child)
    talk = Talk().opened().client(b"hello ").client(b"more").server(flags=FIN | ACK).client()
    run.frames(talked(talk.frames, since_ms=0.45))


def test_a_write_is_tied_to_its_segments_and_a_read_to_those_that_brought_it() -> None:
    """One write in two segments, read in pieces that begin in the midst of one."""
    run = Run()
    server, client = run.program("server", "cheerios"), run.program("client", "client")
    conversation(run, server, client)
    story = run.story()
    assert tied(story, "sendto") == [["DATA 6", "DATA 4"]]
    assert tied(story, "recvfrom") == [["DATA 6"], ["DATA 6", "DATA 4"]]
    assert tied(story, "connect") == [["SYN", "SYN ACK", "ACK"]]
    assert tied(story, "accept4") == [["SYN", "ACK"]]
    assert tied(story, "close") == [["FIN"]]
    assert set(programs(story)) == {("client", "server"), ("server", "client")}


def test_what_a_child_reads_came_to_its_program() -> None:
    """A connection that a child has taken over goes on where its parent left it."""
    run = Run()
    server, client = run.program("server", "cheerios"), run.program("client", "client")
    conversation(run, server, client, child=1)
    story = run.story()
    assert tied(story, "recvfrom") == [["DATA 6"], ["DATA 6", "DATA 4"]]
    assert {call.pid for call in story.calls if call.name == "recvfrom"} == {11}


def test_a_call_returns_after_what_it_waited_for() -> None:
    """strace looks at a descriptor before the call is made: its own reckoning may end too early."""
    run = Run()
    server, client = run.program("server", "cheerios"), run.program("client", "client")
    conversation(run, server, client)
    story = run.story()
    order = [
        moment.kind if moment.kind in ("leave", "arrive") else f"{story.calls[moment.of].name} {moment.kind}"
        for moment in story.moments
        if moment.kind in ("begin", "return", "leave", "arrive")
    ]
    assert order[:6] == ["connect begin", "leave", "accept4 begin", "arrive", "leave", "arrive"]
    assert order[6:10] == ["leave", "connect return", "arrive", "accept4 return"]


def test_a_port_that_nobody_has_is_the_kernels() -> None:
    """A SYN that is refused came to no program, and none has sent the answer."""
    run = Run()
    run.program("server", "cheerios")
    client = run.program("client", "client")
    run.call(client, 0.3, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[2]>")
    refused = "-1 ECONNREFUSED (Connection refused)"
    run.call(client, 0.4, f"connect(3<TCP:[{CLIENT}:40000]>, {TO_SERVER}, 16) = {refused}", 2.5)
    run.frames(talked(Talk().client(flags=SYN).server(flags=RST | ACK).frames))
    assert programs(run.story()) == [("client", "(cheerios)"), ("(cheerios)", "client")]


def test_of_two_programs_with_one_port_a_packet_is_that_ones_who_had_it_then() -> None:
    """One after the other, on the same host."""
    run = Run()
    first, second = run.program("first", "cheerios", ended_ms=5), run.program("second", "cheerios", at_ms=6)
    any_address = f'{{sa_family=AF_INET, sin_port=htons({PORT}), sin_addr=inet_addr("0.0.0.0")}}'
    for key, at_ms in ((first, 0.1), (second, 6.1)):
        run.call(key, at_ms, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[1]>")
        run.call(key, at_ms + 0.1, f"bind(3<UDP:[1]>, {any_address}, 16) = 0")
        run.call(key, at_ms + 3, f"close(3<UDP:[0.0.0.0:{PORT}]>) = 0")
    run.frames([*crossed(frame4(udp(b"1"), UDP), 1), *crossed(frame4(udp(b"2"), UDP), 7)])
    assert [came for _, came in programs(run.story())] == ["first", "second"]


ANY_ADDRESS = f'{{sa_family=AF_INET, sin_port=htons({PORT}), sin_addr=inet_addr("0.0.0.0")}}'


def bound(run: Run, key: str, at_ms: float, address: str = "0.0.0.0") -> None:
    """A program makes a socket for datagrams and binds it to the port."""
    run.call(key, at_ms, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[1]>")
    run.call(key, at_ms + 0.1, f"bind(3<UDP:[1]>, {ANY_ADDRESS.replace('0.0.0.0', address)}, 16) = 0")


def test_a_killed_program_has_its_port_no_longer() -> None:
    """It has closed nothing, and yet what comes later is its successor's."""
    run = Run()
    first, second = run.program("first", "cheerios", ended_ms=5), run.program("second", "cheerios", at_ms=6)
    bound(run, first, 0.1)
    run.killed(first, 5)
    bound(run, second, 6.1)
    run.frames([*crossed(frame4(udp(b"1"), UDP), 1), *crossed(frame4(udp(b"2"), UDP), 7)])
    assert [came for _, came in programs(run.story())] == ["first", "second"]


def test_of_sockets_that_share_a_port_the_last_gets_what_comes() -> None:
    """SO_REUSEADDR of UDP."""
    run = Run()
    first, second = run.program("first", "cheerios"), run.program("second", "cheerios")
    bound(run, first, 0.1)
    bound(run, second, 2)
    run.frames([*crossed(frame4(udp(b"1"), UDP), 1), *crossed(frame4(udp(b"2"), UDP), 3)])
    assert [came for _, came in programs(run.story())] == ["first", "second"]


def test_of_sockets_with_one_port_the_one_bound_to_the_address_gets_what_comes() -> None:
    """Whichever was first."""
    run = Run()
    one, all_of_them = run.program("one", "cheerios"), run.program("all", "cheerios")
    bound(run, one, 0.1, SERVER)
    bound(run, all_of_them, 0.5)
    run.frames(crossed(frame4(udp(b"1"), UDP), 1))
    assert [came for _, came in programs(run.story())] == ["one"]


def test_nothing_came_to_a_socket_before_it_was_made() -> None:
    """A port that somebody will have is nobody's yet."""
    run = Run()
    server, _ = run.program("server", "cheerios", at_ms=5), run.program("client", "client")
    bound(run, server, 6)
    run.frames(crossed(frame4(udp(b"1"), UDP), 1))
    assert [came for _, came in programs(run.story())] == ["(cheerios)"]


def test_a_connection_of_which_no_later_call_tells_is_its_callers() -> None:
    """strace names the client's own port from the next call on, and there is none: its host is halted."""
    run = Run()
    client = run.program("client", "client")
    run.call(client, 0.3, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[2]>")
    run.call(client, 0.4, f"connect(3<TCP:[2]>, {TO_SERVER}, 16) = 0", 0.5)
    run.halted("client", 9)
    run.frames(talked(Talk().opened().frames, since_ms=0.45))
    story = run.story()
    assert {one for pair in programs(story) for one in pair} == {"client", "(cheerios)"}
    assert tied(story, "connect") == [["SYN", "SYN ACK", "ACK"]]
    assert [(end.ending, end.at_ns) for end in story.ends] == [("its host is halted", 9_000_000)]


def test_an_icmp_error_came_to_the_program_that_is_told_by_it() -> None:
    """It quotes what the program has sent, and the call fails after it came, whatever strace reckons."""
    run = Run()
    client = run.program("client", "client")
    ends = f"{CLIENT}:40000->{SERVER}:{PORT}"
    run.call(client, 0.3, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[2]>")
    run.call(client, 0.4, f"connect(3<UDP:[2]>, {TO_SERVER}, 16) = 0")
    run.call(client, 1, f'sendto(3<UDP:[{ends}]>, "1", 1, 0, NULL, 0) = 1')
    run.call(client, 1.2, f"recvfrom(3<UDP:[{ends}]>, 0x7f, 9, 0, NULL, NULL) = -1 ECONNREFUSED (Connection refused)")
    run.call(client, 9, f"close(3<UDP:[{ends}]>) = 0")
    sent = frame4(udp(b"1"), UDP)
    body = ip4(icmp(3, 3, body=sent[14:]), ICMP, source=SERVER, to=CLIENT)
    answer = ethernet(body, IPV4, source_mac=SERVER_MAC, to_mac=CLIENT_MAC)
    run.frames([*crossed(sent, 1.05), *crossed(answer, 1.3, sender="cheerios", receiver="client")])
    story = run.story()
    assert programs(story) == [("client", "(cheerios)"), ("(cheerios)", "client")]
    assert tied(story, "recvfrom") == [["port unreachable"]]
    returned_ns = next(call.ends_ns for call in story.calls if call.name == "recvfrom")
    assert returned_ns is not None
    assert returned_ns >= story.packets[1].arrivals[0].at_ns


def test_datagrams_are_read_in_the_order_in_which_they_were_let_in() -> None:
    """Rules turn it round."""
    run = Run()
    server, _ = datagrams(run, b"1", b"2", b"3")
    run.rule(0.5, "delay", ["r", "client", 1, "delay", 1_000_000, 9_000_000, UDP, 40000, PORT, 0, 1, 1])
    for number, text in enumerate("231"):
        received(run, server, 11 + number, text)
    assert [call.packets for call in run.story().calls if call.name == "recvfrom"] == [(1,), (2,), (0,)]


def test_a_datagram_that_was_doubled_is_read_twice() -> None:
    """Both reads have to do with one packet."""
    run = Run()
    server, _ = datagrams(run, b"1", b"2")
    run.rule(0.5, "duplicate", ["r", "client", 1, "duplicate", 1_060_000, 1_060_000, UDP, 40000, PORT, 0, 1, 1])
    for number, text in enumerate("112"):
        received(run, server, 11 + number, text)
    assert [call.packets for call in run.story().calls if call.name == "recvfrom"] == [(0,), (0,), (1,)]


def test_a_datagram_that_the_receivers_kernel_threw_away_is_not_what_was_read() -> None:
    """A full buffer, a wrong checksum: the capture knows nothing of it, what was read does."""
    run = Run()
    server, _ = datagrams(run, b"1", b"2", b"3")
    for number, text in enumerate("13"):
        received(run, server, 11 + number, text)
    assert [call.packets for call in run.story().calls if call.name == "recvfrom"] == [(0,), (2,)]


def test_a_damaged_datagram_is_read_as_something_else() -> None:
    """Its turn and its size tell which it was."""
    run = Run()
    server, _ = datagrams(run, b"1", b"2")
    for number, text in enumerate(("\\316", "2")):
        run.call(
            server, 11 + number, f'recvfrom(3<UDP:[0.0.0.0:{PORT}]>, "{text}", 255, 0, {FROM_CLIENT}, [128 => 16]) = 1'
        )
    assert [call.packets for call in run.story().calls if call.name == "recvfrom"] == [(0,), (1,)]


def test_a_datagram_that_was_damaged_so_that_its_checksum_tells_is_what_no_read_returned() -> None:
    """Not even one that is as long and begins alike."""
    run = Run()
    server, _ = datagrams(run, b"1", b"1")
    corrupted = ["r", "client", 1, "corrupt", 1_000_000, 1_000_000, UDP, 40000, PORT, 0, 1, 1]
    run.rule(0.5, "corrupt [1]", corrupted, visible=False)
    received(run, server, 11, "1")
    story = run.story()
    assert [call.packets for call in story.calls if call.name == "recvfrom"] == [(1,)]
    assert story.packets[0].arrivals[0].rule == "corrupt [1]; its kernel threw it away"
