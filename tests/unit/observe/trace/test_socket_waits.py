"""What is known of sockets where a trace says little, and what calls that wait are about."""

from __future__ import annotations

import pytest

from labctl.observe.trace.sockets import Socket, followed, words
from tests.unit.observe.trace.traced import MADE, SERVER, follow, trace, used

CLIENT_END, SERVER_END = ("10.0.0.2", 40000), ("10.0.0.1", 51717)


TIMED = " <0.000001000>"


def test_a_number_that_is_given_again_unseen_is_another_socket() -> None:
    """strace says where a descriptor leads: what it says is right."""
    found = follow(
        MADE,
        f"7 read(3<TCP:[12]>, 0x7, 1) = -1 ENOTCONN (Transport endpoint is not connected){TIMED}",
        f"7 read(3<UDP:[12]>, 0x7, 1) = -1 EAGAIN (Resource temporarily unavailable){TIMED}",
        f'7 read(3</etc/hosts>, "1", 1) = 1{TIMED}',
        f"7 read(3, 0x7, 1) = -1 EBADF (Bad file descriptor){TIMED}",
    )
    assert [None if use is None else use.socket for use in found.uses] == [0, 1, 2, None, None]


def test_without_a_word_where_descriptors_lead() -> None:
    """The table knows what the calls before have opened."""
    found = follow(
        f"7 socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3{TIMED}",
        f'7 sendto(3, "hi", 2, 0, {SERVER}, 16) = 2{TIMED}',
        f"7 close(3) = 0{TIMED}",
    )
    assert [(use.role, use.peer, use.ended) for use in used(found)] == [
        ("make", None, False),
        ("send", SERVER_END, False),
        ("close", None, True),
    ]


def test_accept_without_a_word_where_descriptors_lead() -> None:
    """Whom it came from is in the arguments, if the program asked. A connection has the server's port."""
    bound = f"7 bind(3, {SERVER}, 16) = 0{TIMED}"
    client = SERVER.replace("51717", "40000").replace("10.0.0.1", "10.0.0.2")
    found = follow(
        MADE.replace("<TCP:[11]>", ""),
        bound,
        f"7 accept(3, {client}, [16]) = 4{TIMED}",
        f"7 accept(3, NULL, NULL) = 5{TIMED}",
        f"7 accept(3, 0x7, [16]) = -1 EAGAIN (Resource temporarily unavailable){TIMED}",
        f'7 read(4, "x", 1) = 1{TIMED}',
    )
    assert [(use.made, use.peer) for use in used(found)[2:5]] == [(1, CLIENT_END), (2, None), (None, None)]
    assert words(found.sockets[1]) == "TCP 10.0.0.1:51717 -> 10.0.0.2:40000"
    assert (used(found)[5].socket, used(found)[5].offset) == (1, 0)


def test_a_failed_bind_names_nothing() -> None:
    """The address belongs to somebody else."""
    failed = f"7 bind(3<TCP:[11]>, {SERVER}, 16) = -1 EADDRINUSE (Address already in use){TIMED}"
    assert follow(MADE, failed).sockets[0].local is None


def test_epoll_waits_for_what_it_was_told_of() -> None:
    """Not for what it was told in vain, nor for what it was told to forget; anew under another number."""
    control = "7 epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_%s, 3<TCP:[11]>, {events=EPOLLIN, data={u64=%d}}) = %s"
    waits = f"7 epoll_wait(5<anon_inode:[eventpoll]>, [{{events=EPOLLIN, data={{u64=9}}}}], 1, 0) = 1{TIMED}"

    def waited(*told: str) -> list[int | None]:
        made = f"7 epoll_create1(0) = 5<anon_inode:[eventpoll]>{TIMED}"
        uses = follow(MADE, made, *(line + TIMED for line in told), waits).uses
        return [None if use is None else use.socket for use in uses[-1:]]

    assert waited(control % ("ADD", 9, "0")) == [0]
    assert waited(control % ("ADD", 9, "-1 EEXIST (File exists)")) == [None]
    assert waited(control % ("ADD", 9, "0"), control % ("DEL", 9, "0")) == [None]
    assert waited(control % ("ADD", 8, "0"), control % ("MOD", 9, "0")) == [0]
    unmade = MADE.replace("3<TCP:[11]>", "-1 EMFILE (Too many open files)")
    assert follow(f"7 epoll_create1(0) = -1 EMFILE (Too many open files){TIMED}", unmade, waits).uses == (None,) * 3


def test_what_is_ready_comes_first() -> None:
    """Of many that are waited for; none is ready when time is up. An instance of epoll forgets what it is told to."""
    made = MADE.replace("3<TCP:[11]>", "4<TCP:[12]>")
    both = "[{fd=3<TCP:[11]>, events=POLLIN}, {fd=4<TCP:[12]>, events=POLLIN}]"
    add = "7 epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, %s, {events=EPOLLIN, data={u32=%d, u64=%d}}) = 0"
    waited = "7 epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=9, u64=9}}], 1, 1000) = 1"
    told = used(
        follow(
            MADE,
            made,
            f"7 poll({both}, 2, 10) = 1 ([{{fd=4, revents=POLLIN}}]){TIMED}",
            f"7 poll({both}, 2, 10) = 0 (Timeout){TIMED}",
            f"7 pselect6(5, [3<TCP:[11]> 4<TCP:[12]>], NULL, NULL, NULL, NULL) = 1 (in [4]){TIMED}",
            f"7 epoll_create1(EPOLL_CLOEXEC) = 5<anon_inode:[eventpoll]>{TIMED}",
            add % ("3<TCP:[11]>", 8, 8) + TIMED,
            add % ("4<TCP:[12]>", 9, 9) + TIMED,
            waited + TIMED,
            "7 epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, 4<TCP:[12]>, 0x7) = 0" + TIMED,
            "7 epoll_wait(5<anon_inode:[eventpoll]>, [], 1, 0) = 0" + TIMED,
            "7 epoll_wait(5<anon_inode:[eventpoll]>,  <unfinished ...>",
        )
    )[2:]
    assert [(use.socket, use.others) for use in told if use.role == "wait"] == [
        (1, (0,)),
        (0, (1,)),
        (1, (0,)),
        (1, (0,)),
        (0, ()),
        (0, ()),
    ]
    assert [use.socket for use in told if use.role == "other"] == [0, 1, 1]


@pytest.mark.parametrize(
    ("socket", "expected"),
    [
        (Socket(kind="tcp", local=CLIENT_END, remote=SERVER_END), "TCP 10.0.0.2:40000 -> 10.0.0.1:51717"),
        (Socket(kind="tcp", local=("fd00::1", 1), remote=("fd00::2", 2)), "TCP [fd00::1]:1 -> [fd00::2]:2"),
        (Socket(kind="tcp", remote=SERVER_END), "TCP -> 10.0.0.1:51717"),
        (Socket(kind="udp", local=("0.0.0.0", 9)), "UDP 0.0.0.0:9"),
        (Socket(kind="tcp"), "TCP"),
        (Socket(kind="unix", local=("@dg", 0)), "Unix @dg"),
        (Socket(kind="other", family="AF_NETLINK"), "NETLINK"),
        (Socket(kind="other", family="AF_INET"), "IP"),
        (Socket(kind="other"), "socket"),
    ],
)
def test_words(socket: Socket, expected: str) -> None:
    """What a reader sees of a socket, as much as is known of it."""
    assert words(socket) == expected


def test_uses_are_parallel_to_calls() -> None:
    """One that is about no socket has none."""
    lines = trace(MADE, f'7 read(0</dev/null>, "", 1) = 0{TIMED}', "7 exit_group(0) = ?")
    assert [use is None for use in followed(lines).uses] == [False, True, True]
