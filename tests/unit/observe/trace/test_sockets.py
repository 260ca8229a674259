"""Which socket each call is about, and what it does to it."""

from __future__ import annotations

import pytest

from labctl.observe.trace.sockets import followed, words
from labctl.observe.trace.strace import read
from tests.unit.observe.trace.traced import CONNECTED, MADE, REAL, SERVER, TCP, follow, used

CLIENT_END, SERVER_END = ("10.0.0.2", 40000), ("10.0.0.1", 51717)


TIMED = " <0.000001000>"


def test_a_client_tells_its_story() -> None:
    """Made, connected, and its own port known from what strace says later."""
    found = followed(read(REAL["client"]))
    (socket,) = found.sockets
    assert (socket.kind, socket.family) == ("tcp", "AF_INET")
    assert words(socket) == "TCP 127.0.0.1:37708 -> 127.0.0.1:51717"
    told = [(use.role, use.size, use.offset) for use in used(found)]
    assert told == [
        ("make", 0, None),
        ("connect", 0, None),
        ("send", 5, 0),
        ("receive", 18, 0),
        ("close", 0, 5),
    ]
    assert [use.ended for use in used(found)] == [False, False, False, False, True]
    assert used(found)[1].peer == ("127.0.0.1", 51717)


def test_a_server_tells_its_story() -> None:
    """accept is about the listening socket, and says which connection it has made."""
    found = followed(read(REAL["server"]))
    assert [words(socket) for socket in found.sockets] == [
        "TCP 0.0.0.0:51717",
        "TCP 127.0.0.1:51717 -> 127.0.0.1:37708",
    ]
    told = [(use.role, use.socket) for use in used(found)]
    assert told == [
        ("make", 0),
        ("bind", 0),
        ("listen", 0),
        ("accept", 0),
        ("other", 1),
        ("receive", 1),
        ("send", 1),
        ("close", 1),
        ("close", 0),
    ]
    accept = used(found)[3]
    assert (accept.made, accept.peer) == (1, ("127.0.0.1", 37708))


def test_a_fork_copies_what_is_open() -> None:
    """The parent's close ends nothing while its child talks; the same number is another connection next time."""
    trace = read(REAL["server-fork"])
    found = followed(trace)
    assert len(found.sockets) == 4
    closes = [
        (call.pid, use.socket, use.ended)
        for call, use in zip(trace.calls, found.uses, strict=True)
        if use is not None and use.role == "close" and use.socket > 0
    ]
    parent = trace.calls[0].pid
    assert sorted(socket for _, socket, ended in closes if ended) == [1, 2, 3]
    assert all(pid != parent for pid, _, ended in closes if ended)
    assert sorted(socket for pid, socket, _ in closes if pid == parent) == [1, 2, 3]
    assert all(socket.ends_ns is not None for socket in found.sockets)


def test_threads_copies_messages_and_waits() -> None:
    """A real program that does everything that can be done to a socket."""
    trace = read(REAL["threads"])
    found = followed(trace)
    told = [
        (call.name, use.socket, use.size, use.offset)
        for call, use in zip(trace.calls, found.uses, strict=True)
        if use is not None and use.role in ("send", "receive") and use.socket in (1, 2)
    ]
    assert told == [
        ("recvfrom", 2, 4, 0),
        ("sendto", 1, 5, 0),
        ("read", 2, 5, 0),
        ("readv", 2, 10, 5),
        ("sendto", 1, 10, 5),
        ("sendmmsg", 2, 7, 0),
        ("writev", 2, 3, 7),
        ("sendmsg", 2, 3, 10),
        ("sendfile", 2, 10, 13),
        ("splice", 2, 0, 23),
        ("recvmsg", 1, 23, 0),
        ("recvmmsg", 1, 0, 23),
        ("recvfrom", 1, 0, 23),
    ]
    waits = [use.socket for use in used(found) if use.role == "wait"]
    assert waits[:3] == [1, 1, 1]  # poll, epoll_wait, pselect6
    made = [call.name for call, use in zip(trace.calls, found.uses, strict=True) if use and use.made is not None]
    assert made == ["accept4", "socketpair"]
    pair = next(use for use in used(found) if use.role == "make" and use.made is not None)
    assert [found.sockets[one].peer_inode for one in (pair.socket, pair.made or 0)] == [896014, 896013]


def test_what_messages_hand_over_is_the_same_socket() -> None:
    """SCM_RIGHTS: as far as its addresses tell it from all others."""
    found = followed(read(REAL["threads"]))
    udp = [words(socket) for socket in found.sockets if socket.kind == "udp"]
    assert udp == ["UDP [::1]:60147", "UDP [::]:40903 -> [::1]:60147"]


def test_what_is_handed_over_takes_a_number_that_was_closed_unseen() -> None:
    """Whatever strace said of that number before."""
    control = "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[%s]}], msg_flags=0"
    message = '{msg_name=NULL, msg_iov=[{iov_base="5<TCP:[99]>", iov_len=1}], ' + control + "}"
    found = follow(
        MADE,
        MADE.replace("3<TCP:[11]>", "4"),
        "7 socketpair(AF_UNIX, SOCK_STREAM, 0, [5<UNIX:[1->2]>, 6<UNIX:[2->1]>]) = 0" + TIMED,
        f"7 recvmsg(6<UNIX:[2->1]>, {message % '4<TCP:[11]>'}, 0) = 1{TIMED}",
        f"7 close(3<TCP:[11]>) = 0{TIMED}",
        f"7 close(4<TCP:[11]>) = 0{TIMED}",
    )
    assert [(use.socket, use.ended) for use in used(found)[4:]] == [(0, False), (0, True)]
    assert (found.sockets[1].ends_ns, len(found.sockets)) == (1_003_000_000, 4)


def test_datagrams_have_peers() -> None:
    """Named by the call, or those the socket is connected to; one call can move several."""
    server = used(followed(read(REAL["server-udp"])))
    moved = [(use.role, use.peer, use.size) for use in server if use.parts]
    assert moved[:2] == [("receive", ("127.0.0.1", 56787), 2), ("send", ("127.0.0.1", 56787), 16)]
    connected = used(followed(read(REAL["client-udp-connected"])))
    assert [use.parts for use in connected if use.role == "send"] == [((1, ("127.0.0.1", 51719)),)] * 3
    several = [use.parts for use in used(followed(read(REAL["threads"]))) if len(use.parts) > 1]
    assert several == [
        ((3, ("::1", 40903)), (4, ("::1", 40903))),
        ((3, ("::1", 60147)), (4, ("::1", 60147))),
    ]


def test_a_port_that_the_kernel_chose_is_known_in_the_end() -> None:
    """From whatever tells it, however late."""
    (socket,) = followed(read(REAL["client-udp"])).sockets
    assert socket.local == ("0.0.0.0", 56787)
    assert follow(MADE, CONNECTED).sockets[0].local is None
    bound = '7 bind(3<TCP:[11]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0' + TIMED
    assert follow(MADE, bound).sockets[0].local is None
    named = bound.replace("bind", "getsockname").replace("htons(0)", "htons(7)")
    assert follow(MADE, bound, named).sockets[0].local == ("0.0.0.0", 7)
    peer = CONNECTED.replace("connect", "getpeername")
    assert follow(MADE, peer).sockets[0].remote == SERVER_END


def test_unix_sockets_have_paths_and_know_each_other() -> None:
    """By inode: nothing else ties the two ends of a connection."""
    listening, connection = followed(read(REAL["server-unix"])).sockets
    (client,) = followed(read(REAL["client-unix"])).sockets
    assert (listening.path, connection.path, client.path) == ("/lab/ux.sock",) * 3
    assert (connection.inode, connection.peer_inode) == (client.peer_inode, client.inode)
    assert (words(listening), words(client)) == ("Unix /lab/ux.sock", "Unix -> /lab/ux.sock")
    (datagrams,) = followed(read(REAL["server-unix-datagram"])).sockets
    assert (datagrams.path, datagrams.is_stream) == ("@dg", False)


def test_a_program_that_a_thread_executes_closes_what_is_marked() -> None:
    """One socket ends then, the other with the process."""
    trace = read(REAL["superseded"])
    marked, other = followed(trace).sockets
    execve = trace.calls[-2]
    assert (execve.name, marked.ends_ns) == ("execve", execve.ends_ns)
    assert other.ends_ns == trace.ends[-1].at_ns


def test_a_refused_connection_says_whom_it_was_for() -> None:
    """Each attempt of one that tries several, and one that goes on in the background."""
    curl = followed(read(REAL["curl"]))
    assert [use.peer for use in used(curl) if use.role == "connect"][2:] == [("127.0.0.1", 9), ("::1", 9)]
    tcp = [socket for socket in curl.sockets if socket.kind == "tcp"]
    assert [words(socket) for socket in tcp] == ["TCP -> 127.0.0.1:9", "TCP -> [::1]:9"]


def test_connecting_again_begins_another_stream() -> None:
    """An address of no family takes the connection back; EISCONN changes nothing."""
    sent = f'7 write(3<{TCP}>, "hello", 5) = 5{TIMED}'
    undone = f'7 connect(3<{TCP}>, {{sa_family=AF_UNSPEC, sa_data="\\0"}}, 16) = 0{TIMED}'
    again = f"7 connect(3<{TCP}>, {SERVER}, 16) = -1 EISCONN (Transport endpoint is already connected){TIMED}"
    found = follow(MADE, CONNECTED, sent, again, sent, undone, CONNECTED, sent)
    assert [use.offset for use in used(found) if use.role == "send"] == [0, 5, 0]
    assert follow(MADE, CONNECTED, undone).sockets[0].remote is None


def test_streams_are_counted_over_all_processes() -> None:
    """A child goes on where its parent stopped, in either direction by itself."""
    found = follow(
        MADE,
        CONNECTED,
        f'7 write(3<{TCP}>, "hello", 5) = 5{TIMED}',
        "7 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
        f'8 read(3<{TCP}>, "abc", 9) = 3{TIMED}',
        f"7 <... clone resumed>) = 8{TIMED}",
        f'8 write(3<{TCP}>, "xy", 2) = 2{TIMED}',
        f'7 read(3<{TCP}>, "", 9) = 0{TIMED}',
        f'7 write(3<{TCP}>, "z", 1) = 1{TIMED}',
    )
    moved = [(use.socket, use.role, use.offset) for use in used(found)[2:]]
    assert moved == [(0, "send", 0), (0, "receive", 0), (0, "send", 5), (0, "receive", 3), (0, "send", 7)]


def test_a_child_whose_birth_was_never_told_has_what_its_parent_had() -> None:
    """The record ends, or the parent is killed, before its fork returns."""
    found = follow(
        MADE,
        "7 vfork( <unfinished ...>",
        f"8 close(3) = 0{TIMED}",
        "7 +++ killed by SIGKILL +++",
    )
    assert [(use.socket, use.ended) for use in used(found)] == [(0, False), (0, False)]


@pytest.mark.parametrize("ending", ["7 <... read resumed> <unfinished ...>) = ?", "7 +++ killed by SIGKILL +++"])
def test_after_an_amount_that_nobody_saw_offsets_are_unknown(ending: str) -> None:
    """A process was killed while it read: in that direction only."""
    found = follow(
        MADE,
        CONNECTED,
        f"7 fork() = 8{TIMED}",
        f"7 read(3<{TCP}>,  <unfinished ...>",
        ending,
        f'8 read(3<{TCP}>, "abc", 9) = 3{TIMED}',
        f'8 write(3<{TCP}>, "abc", 3) = 3{TIMED}',
    )
    assert [(use.role, use.offset) for use in used(found)[2:]] == [("receive", 0), ("receive", None), ("send", 0)]


def test_a_connection_that_was_there_before_the_trace() -> None:
    """Nobody knows what has passed over it."""
    found = follow(f'7 write(3<{TCP}>, "abc", 3) = 3{TIMED}')
    assert (found.sockets[0].local, found.sockets[0].remote) == (CLIENT_END, SERVER_END)
    assert (found.sockets[0].kind, found.sockets[0].family) == ("tcp", "AF_INET")
    assert (used(found)[0].size, used(found)[0].offset) == (3, None)


def test_flags_that_change_what_is_read() -> None:
    """A peek reads nothing away; what is urgent, or an error's, lies elsewhere."""
    found = follow(
        MADE,
        CONNECTED,
        f'7 recvfrom(3<{TCP}>, "ab", 2, MSG_PEEK|MSG_DONTWAIT, NULL, NULL) = 2{TIMED}',
        f"7 recvmsg(3<{TCP}>, {{msg_name=NULL}}, MSG_ERRQUEUE) = 9{TIMED}",
        f'7 recvfrom(3<{TCP}>, "ab", 2, 0, NULL, NULL) = 2{TIMED}',
        f"7 recvfrom(3<{TCP}>, 0x7, 2, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable){TIMED}",
        f"7 recvfrom(3<{TCP}>, 0x7, 2, 0, NULL, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set){TIMED}",
        f'7 recvfrom(3<{TCP}>, "c", 1, 0, NULL, NULL) = 1{TIMED}',
        f'7 recvfrom(3<{TCP}>, "!", 1, MSG_OOB, NULL, NULL) = 1{TIMED}',
        f'7 recvfrom(3<{TCP}>, "d", 1, 0, NULL, NULL) = 1{TIMED}',
    )
    moved = [(use.size, use.offset) for use in used(found)[2:]]
    assert moved == [(2, 0), (0, None), (2, 0), (0, 2), (0, 2), (1, 2), (1, None), (1, None)]


def test_data_with_the_syn() -> None:
    """TCP Fast Open: sendto connects, and its bytes are the stream's first."""
    found = follow(MADE, f'7 sendto(3<TCP:[11]>, "hi", 2, MSG_FASTOPEN, {SERVER}, 16) = 2{TIMED}')
    assert found.sockets[0].remote == SERVER_END
    assert (used(found)[1].role, used(found)[1].offset) == ("send", 0)


def test_a_list_of_messages_that_is_cut_short_moves_an_unknown_amount() -> None:
    """strace shows the first ones only."""
    found = follow(
        MADE,
        CONNECTED,
        f"7 sendmmsg(3<{TCP}>, [{{msg_hdr={{msg_name=NULL}}, msg_len=3}}, ...], 2, 0) = 2{TIMED}",
        f'7 write(3<{TCP}>, "abc", 3) = 3{TIMED}',
    )
    assert [use.offset for use in used(found)[2:]] == [0, None]


def test_shutdown_and_close_lie_behind_what_was_sent() -> None:
    """There the FIN lies in the stream."""
    found = follow(
        MADE,
        CONNECTED,
        f'7 write(3<{TCP}>, "hello", 5) = 5{TIMED}',
        f"7 shutdown(3<{TCP}>, SHUT_WR) = 0{TIMED}",
        f"7 close(3<{TCP}>) = 0{TIMED}",
    )
    assert [(use.role, use.offset) for use in used(found)[3:]] == [("shutdown", 5), ("close", 5)]
