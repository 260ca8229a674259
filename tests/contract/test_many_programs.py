"""Many programs at the same time on one host are many programs, not one after the other."""

from __future__ import annotations

from tests.contract.hosts import StandingLab, begin_all, python

ANSWER = """
    import sys
    print("ready")
    print("answer to", sys.stdin.readline().strip(), "from", sys.argv[1])
    sys.exit(int(sys.argv[1]))
"""


def test_fifty_programs_run_at_once_on_one_host(any_lab: StandingLab) -> None:
    """Fifty programs are all there at the same time; each gets its own input and tells its own output and end."""
    commands = [python(ANSWER, number) for number in range(50)]
    programs = begin_all([any_lab.host("left")], *commands, window=True)
    for program in programs:
        program.printed(b"ready\n")
    assert not [program for program in programs if program.program.has_ended]
    for number, program in enumerate(programs):
        program.feed(b"question %d\n" % number)
    for number, program in enumerate(programs):
        assert program.ended().program.status == number
        assert program.stdout == b"ready\nanswer to question %d from %d\n" % (number, number)


def test_fifty_clients_are_served_by_one_server(lab: StandingLab) -> None:
    """Fifty clients on one host connect to a server on another at the same time, and each has its answer."""
    server = (
        lab.host("left")
        .begin_python(
            """
        import os, signal, socket
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with socket.create_server(("", 51717), backlog=64) as listener:
            print("ready")
            while True:
                stream, _ = listener.accept()
                if os.fork() == 0:
                    stream.sendall(b"answer to " + stream.recv(100))
                    os._exit(0)
                stream.close()
        """
        )
        .printed(b"ready\n")
    )
    client = """
        import socket, sys
        with socket.create_connection(("left", 51717)) as stream:
            stream.sendall(sys.argv[1].encode())
            print(stream.recv(100).decode())
    """
    clients = begin_all([lab.host("right")], *[python(client, number) for number in range(50)])
    for number, one in enumerate(clients):
        assert one.ended().stdout == b"answer to %d\n" % number, one
    assert not server.program.has_ended


def test_programs_start_on_all_hosts_at_once(any_lab: StandingLab) -> None:
    """One order starts a program on each of several hosts, and each is told under its own host."""
    hosts = [any_lab.host("left"), any_lab.host("right")]
    told = [program.ended().stdout for program in begin_all(hosts, ["sh", "-c", "echo $HOSTNAME"])]
    assert told == [b"left\n", b"right\n"]
