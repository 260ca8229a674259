"""States of sockets and programs are what the kernel has at that moment, and can be waited for."""

from __future__ import annotations

import pytest

from labctl.agent.states import Wanted
from tests.contract.hosts import Host, Running, StandingLab

LISTENER = """
    import socket, sys
    listener = socket.create_server(("", 51717), backlog=10)
    print("ready")
    streams = []
    for line in sys.stdin:
        if line == "accept\\n":
            streams.append(listener.accept()[0])
        elif line == "read\\n":
            streams[-1].recv(1000)
        elif line == "close\\n":
            streams.pop().close()
        print("done", line.strip())
"""
CALLER = """
    import socket, sys
    stream = socket.create_connection((sys.argv[1], 51717))
    print("ready")
    for line in sys.stdin:
        if line == "close\\n":
            stream.close()
        elif line == "shutdown\\n":
            stream.shutdown(socket.SHUT_WR)
        else:
            stream.sendall(line.rstrip("\\n").encode())
        print("done", line.strip())
"""


def exactly(number: int) -> list[int]:
    """Bounds, as a condition has them."""
    return [number, number]


def listener_on(host: Host) -> Running:
    """A server that accepts, reads and closes when it is told to."""
    return host.begin_python(LISTENER, window=True).printed(b"ready\n")


def caller_on(host: Host, server: str = "left") -> Running:
    """A client that sends and closes when it is told to."""
    return host.begin_python(CALLER, server, window=True).printed(b"ready\n")


def told(program: Running, word: str) -> None:
    """Tell it, and wait until it has done so."""
    program.feed(word.encode() + b"\n").printed(b"done " + word.encode() + b"\n")


def holds(host: Host, port: str, wanted: Wanted) -> bool:
    """Whether a port comes to be as wanted."""
    return host.port(port, wanted).held


def test_a_port_listens_from_when_it_does_until_it_does_not(lab: StandingLab) -> None:
    """`listening` can be waited for in both directions, and tells the truth when it is only looked at."""
    left = lab.host("left")
    assert not left.port("tcp 51717", {"listening": True}, seconds=0).held
    server = listener_on(left)
    assert left.port("tcp 51717", {"listening": True}, seconds=0).held
    server.answer("kill")
    assert holds(left, "tcp 51717", {"listening": False})


def test_a_state_is_waited_for_while_it_comes(lab: StandingLab) -> None:
    """A wait that begins before the server does is over as soon as it listens."""
    left = lab.host("left")
    left.begin_python("import time; time.sleep(0.3)\n" + "import socket; socket.create_server(('', 51717)).accept()")
    assert holds(left, "tcp 51717", {"listening": True})


def test_a_state_that_does_not_come_is_told_with_what_was_seen(lab: StandingLab) -> None:
    """At its deadline a wait says which word was not so, and what every state was."""
    server = listener_on(lab.host("left"))
    answer = lab.host("left").port("tcp 51717", {"listening": True, "waiting": exactly(2)}, seconds=0.2)
    assert (answer.held, answer.missing) == (False, ("waiting",))
    assert (answer.seen["listening"], answer.seen["waiting"]) == (True, 0)
    assert not server.program.has_ended


def test_connections_that_wait_for_accept_are_counted(lab: StandingLab) -> None:
    """`waiting` is how many connections the server has not accepted yet."""
    left = lab.host("left")
    server = listener_on(left)
    for number in (1, 2, 3):
        caller_on(lab.host("right"))
        assert holds(left, "tcp 51717", {"waiting": exactly(number)})
    told(server, "accept")
    assert left.port("tcp 51717", {"waiting": exactly(2)}, seconds=0).held


def test_bytes_that_nobody_read_are_counted(lab: StandingLab) -> None:
    """`unread` is how many bytes have arrived at a connection and still wait for its program."""
    left = lab.host("left")
    server, client = listener_on(left), caller_on(lab.host("right"))
    told(server, "accept")
    told(client, "12345")
    assert holds(left, "tcp 51717", {"unread": exactly(5)})
    told(server, "read")
    assert left.port("tcp 51717", {"unread": exactly(0)}, seconds=0).held


def test_datagrams_that_nobody_read_are_seen(lab: StandingLab) -> None:
    """`unread` of a datagram port rises when one arrives and falls when it is read."""
    left = lab.host("left")
    server = left.begin_python(
        """
        import socket, sys
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind(("", 51717))
        print("ready")
        sys.stdin.readline()
        one.recv(100)
        print("done")
        sys.stdin.readline()
        """,
        window=True,
    ).printed(b"ready\n")
    assert left.port("udp 51717", {"listening": True, "unread": exactly(0)}, seconds=0).held
    lab.host("right").run_python(
        """
        import socket
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"12345", ("left", 51717))
        """
    )
    assert holds(left, "udp 51717", {"unread": [1, None]})
    server.feed(b"read\n").printed(b"done\n")
    assert left.port("udp 51717", {"unread": exactly(0)}, seconds=0).held


def test_datagrams_that_found_no_room_are_counted(lab: StandingLab) -> None:
    """`overflowed` is how many datagrams the kernel threw away because the program didn't read."""
    left = lab.host("left")
    left.begin_python(
        """
        import socket, signal
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        one.bind(("", 51717))
        print("ready")
        signal.pause()
        """
    ).printed(b"ready\n")
    assert left.port("udp 51717", {"overflowed": exactly(0)}, seconds=0).held
    lab.host("right").run_python(
        """
        import socket
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(20):
            one.sendto(bytes(1000), ("left", 51717))
        """
    )
    assert holds(left, "udp 51717", {"overflowed": [1, None]})


def test_both_ends_of_a_connection_are_established(lab: StandingLab) -> None:
    """A connection counts at the server's port on the server's host and on the client's."""
    server = listener_on(lab.host("left"))
    caller_on(lab.host("right"))
    told(server, "accept")
    for host in ("left", "right"):
        assert holds(lab.host(host), "tcp 51717", {"established": exactly(1)})


def test_who_closes_first_is_left_in_time_wait(lab: StandingLab) -> None:
    """TIME_WAIT stays with the end that closed first, after both have, and nowhere else."""
    left, right = lab.host("left"), lab.host("right")
    server, client = listener_on(left), caller_on(right)
    before = left.port("tcp 51717", {}, seconds=0).seen["time-wait"]
    told(server, "accept")
    told(client, "close")
    assert holds(left, "tcp 51717", {"close-wait": exactly(1)})
    assert holds(right, "tcp 51717", {"fin-wait": exactly(1)})
    told(server, "close")
    assert holds(right, "tcp 51717", {"time-wait": [1, None], "fin-wait": exactly(0)})
    assert left.port("tcp 51717", {}, seconds=0).seen["time-wait"] == before


def test_a_call_that_nobody_answers_is_in_syn_sent(lab: StandingLab) -> None:
    """A connection attempt to an absent host is to be seen while it waits."""
    right = lab.host("right")
    caller = right.begin_python('import socket; socket.create_connection(("nobody", 51717))')
    assert holds(right, "tcp 51717", {"syn-sent": exactly(1)})
    assert caller.state({"blocked": "connect"}).held


@pytest.mark.parametrize("path", ["/tmp/contract.socket", "@contract"])
def test_unix_sockets_have_states_too(lab: StandingLab, path: str) -> None:
    """A Unix domain socket listens at its path, and has connections waiting, as a TCP port does."""
    left = lab.host("left")
    left.begin_python(
        """
        import os, signal, socket, sys
        path = sys.argv[1]
        if os.path.exists(path):
            os.unlink(path)
        one = socket.socket(socket.AF_UNIX)
        one.bind(path.replace("@", "\\0"))
        one.listen(5)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for client in clients:
            client.connect(path.replace("@", "\\0"))
        print("ready")
        signal.pause()
        """,
        path,
    ).printed(b"ready\n")
    assert left.port(f"unix {path}", {"listening": True, "waiting": exactly(2)}, seconds=0).held
    assert not left.port("unix /tmp/elsewhere", {"listening": True}, seconds=0).held


def test_with_an_owner_only_its_own_sockets_count(lab: StandingLab) -> None:
    """`ready` asks for a socket of this program or of its children, not of another one that has the port."""
    left = lab.host("left")
    listener_on(left)
    other = left.begin("sleep", "60")
    parent = left.begin("sh", "-c", "python3 -c 'import socket; socket.create_server((\"\", 51718)).accept()'; true")
    assert left.port("tcp 51717", {"listening": True}, seconds=0).held
    assert not left.port("tcp 51717", {"listening": True}, seconds=0, owner=other).held
    assert left.port("tcp 51718", {"listening": True}, owner=parent).held
