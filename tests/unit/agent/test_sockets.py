"""The kernel's tables as text -> sockets. The rows are a real kernel's."""

from __future__ import annotations

import os
import select
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from labctl.agent.sockets import Socket, inet_sockets, sockets, unix_sockets
from tests.contract.waiting import until

HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENING = (
    b"   0: 00000000:CA05 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 4711 1 ff 100 0 0 10\n"
)
ESTABLISHED = (
    b"   1: 0200330A:CA05 0300330A:8F2C 01 0000000A:00000005 01:00000014 00000000  1000        0 4712 2 ff 20 4 30 -1\n"
)
TIME_WAIT = b"   2: 0200330A:CA05 0300330A:8F2E 06 00000000:00000000 03:000016F1 00000000     0        0 0 3 ff\n"
UDP_BOUND = b"  517: 00000000:CA05 00000000:0000 07 00000000:00000300 00:00000000 00000000  1000        0 4713 2 ff 7\n"
UDP_CONNECTED = (
    b"  518: 0200330A:CA06 0300330A:CA05 01 00000000:00000000 00:00000000 00000000  1000        0 4714 2 ff 0\n"
)
TCP6 = (
    b"   0: 00000000000000000000000000000000:CA05 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    b"00:00000000 00000000  1000        0 4715 1 ff 100 0 0 10 0\n"
    b"   1: 0000000000000000FFFF00000200330A:CA05 0000000000000000FFFF00000300330A:8F2C 01 00000000:00000000 "
    b"00:00000000 00000000  1000        0 4716 1 ff 20 4 30 10 -1\n"
    b"   2: 170751FD000000000000000002000000:CA05 170751FD000000000000000003000000:8F2C 08 00000000:00000000 "
    b"00:00000000 00000000  1000        0 4717 1 ff 20 4 30 10 -1\n"
)
UNIX_HEAD = b"Num       RefCount Protocol Flags    Type St Inode Path\n"

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="the rows are a little-endian machine's")


def test_a_listening_socket_tells_how_many_wait() -> None:
    """Its address, its state and, as `received`, the connections that wait for accept."""
    (one,) = inet_sockets("tcp", HEAD + LISTENING)
    assert (one.local, one.remote) == (("0.0.0.0", 51717), ("0.0.0.0", 0))
    assert (one.state, one.received, one.inode) == ("listening", 3, 4711)


def test_a_connection_tells_both_ends_and_both_queues() -> None:
    """What arrived and wasn't read, what was sent and isn't acknowledged, and the two addresses."""
    (one,) = inet_sockets("tcp", HEAD + ESTABLISHED)
    assert (one.local, one.remote) == (("10.51.0.2", 51717), ("10.51.0.3", 36652))
    assert (one.state, one.received, one.sent) == ("established", 5, 10)


def test_a_socket_in_time_wait_has_a_shorter_row() -> None:
    """It belongs to nobody any more, and its row ends early."""
    (one,) = inet_sockets("tcp", HEAD + TIME_WAIT)
    assert (one.state, one.inode) == ("time-wait", 0)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (1, "established"), (2, "syn-sent"), (3, "syn-received"), (4, "fin-wait"), (5, "fin-wait"), (6, "time-wait"),
        (7, "closed"), (8, "close-wait"), (9, "last-ack"), (10, "listening"), (11, "closing"), (12, "syn-received"),
    ],
)  # fmt: skip
def test_every_state_of_tcp_has_its_name(number: int, state: str) -> None:
    """The kernel's numbers (include/net/tcp_states.h) as a scenario's words."""
    row = LISTENING.replace(b" 0A ", b" %02X " % number)
    assert inet_sockets("tcp", HEAD + row)[0].state == state


@pytest.mark.parametrize(("number", "received", "sent"), [(1, 5, 10), (4, 5, 9), (5, 5, 10), (8, 4, 10), (9, 4, 9)])
def test_the_end_of_a_stream_is_no_byte_of_it(number: int, received: int, sent: int) -> None:
    """A FIN that has arrived, or is under way, takes a sequence number; the kernel counts it, and we don't."""
    (one,) = inet_sockets("tcp", HEAD + ESTABLISHED.replace(b" 01 ", b" %02X " % number, 1))
    assert (one.received, one.sent) == (received, sent)


def test_an_end_that_was_read_leaves_nothing() -> None:
    """Not minus one byte."""
    row = ESTABLISHED.replace(b" 01 ", b" 08 ", 1).replace(b"0000000A:00000005", b"00000000:00000000")
    (one,) = inet_sockets("tcp", HEAD + row)
    assert (one.received, one.sent) == (0, 0)


def test_a_bound_datagram_socket_listens() -> None:
    """What UDP shows as CLOSE is bound; its bytes that nobody read and its lost datagrams are told."""
    bound, connected = inet_sockets("udp", HEAD + UDP_BOUND + UDP_CONNECTED)
    assert (bound.state, bound.received, bound.dropped) == ("listening", 768, 7)
    assert (connected.state, connected.dropped) == ("established", 0)


def test_ipv6_addresses_are_spelled_as_people_do() -> None:
    """The wildcard, an IPv4 address within IPv6, and a plain one."""
    wildcard, mapped, plain = inet_sockets("tcp", HEAD + TCP6)
    assert wildcard.local == ("::", 51717)
    assert (mapped.local[0], mapped.remote[0]) == ("::ffff:10.51.0.2", "::ffff:10.51.0.3")
    assert (plain.local[0], plain.state) == ("fd51:717::2", "close-wait")


def test_a_table_without_rows_has_no_sockets() -> None:
    """The heading is none."""
    assert inet_sockets("tcp", HEAD) == []
    assert unix_sockets(UNIX_HEAD, {}) == []


def test_unix_sockets_have_paths_and_queues() -> None:
    """A listening one, an abstract one, a datagram one and one without a name; queues come from elsewhere."""
    table = UNIX_HEAD + (
        b"00000000f265d485: 00000002 00000000 00010000 0001 01 100 /tmp/a b.socket\n"
        b"00000000f265d486: 00000002 00000000 00010000 0001 01 101 @abstract\n"
        b"00000000f265d487: 00000002 00000000 00000000 0002 01 102 /tmp/datagrams\n"
        b"00000000f265d488: 00000003 00000000 00000000 0001 03 103\n"
    )
    found = unix_sockets(table, {100: (2, 0), 102: (3, 4)})
    assert [(one.local[0], one.state, one.received) for one in found] == [
        ("/tmp/a b.socket", "listening", 2),
        ("@abstract", "listening", 0),
        ("/tmp/datagrams", "listening", 3),
        ("", "established", 0),
    ]


def test_a_path_with_a_newline_does_not_hide_the_others() -> None:
    """The kernel writes such a path as it is; the rows after it are found all the same."""
    table = UNIX_HEAD + (
        b"00000000f265d485: 00000002 00000000 00010000 0001 01 100 /tmp/two\nlines\n\n"
        b"00000000f265d486: 00000002 00000000 00010000 0001 01 101 /tmp/next\n"
    )
    assert [one.local[0] for one in unix_sockets(table, {})] == ["/tmp/two", "/tmp/next"]


def test_sock_diag_and_the_table_in_proc_tell_the_same() -> None:
    """Of sockets in every state that one process can bring about, with both families where there are both."""
    families = [(socket.AF_INET, "127.0.0.1")] + [(socket.AF_INET6, "::1")] * _has_ipv6()
    with ExitStack() as undo:
        ours = set()
        for family, address in families:
            listening = undo.enter_context(socket.create_server((address, 0), family=family, backlog=3))
            client = undo.enter_context(socket.create_connection(listening.getsockname()[:2]))
            waiting = undo.enter_context(socket.create_connection(listening.getsockname()[:2]))
            server = undo.enter_context(listening.accept()[0])
            client.sendall(b"hello")
            waiting.shutdown(socket.SHUT_WR)
            assert select.select([server], [], [], 10)[0]
            ours |= {os.fstat(one.fileno()).st_ino for one in (listening, client, waiting, server)}
        names = [Path("/proc/net/tcp"), *[Path("/proc/net/tcp6")] * _has_ipv6()]

        def by_table() -> list[Socket]:
            return sorted(one for name in names for one in inet_sockets("tcp", name.read_bytes()) if one.inode in ours)

        def by_diag() -> list[Socket]:
            return sorted(one._replace(ipv6_only=False) for one in sockets("tcp") if one.inode in ours)

        is_acknowledged = until(lambda: not any(one.awaits_last_ack for one in by_table()), within_s=10)
        assert is_acknowledged
        assert by_diag() == by_table()
        assert len(by_diag()) == 4 * len(families)


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
