"""What the C library does to look up a name, and what looks like it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from labctl.observe.story import CallSeen
from labctl.report.drawing.lookup import of_lookups
from tests.unit.report.drawing.written import ADDRESS, call

NETLINK = [
    ("socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE)", "3<NETLINK:[1]>"),
    ("bind(3<NETLINK:[1]>, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12)", "0"),
    ("getsockname(3<NETLINK:[ROUTE:8]>, {sa_family=AF_NETLINK, nl_pid=8, nl_groups=00000000}, [12])", "0"),
    ("sendto(3<NETLINK:[ROUTE:8]>, [{nlmsg_len=20, nlmsg_type=RTM_GETADDR}], 20, 0, NULL, 0)", "20"),
    ("recvmsg(3<NETLINK:[ROUTE:8]>, {msg_name=NULL}, 0)", "84"),
    ("close(3<NETLINK:[ROUTE:8]>)", "0"),
]
UDP = ("socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP)", "3<UDP:[1]>")
CONNECT = (f"connect(3<UDP:[1]>, {ADDRESS}, 16)", "0")
ANEW = ('connect(3<UDP:[1]>, {sa_family=AF_UNSPEC, sa_data=""}, 16)', "0")
NO_WAY = (f"connect(3<UDP:[1]>, {ADDRESS}, 16)", "-1 ENETUNREACH (Network is unreachable)")
ASK = (f"getsockname(3<UDP:[1]>, {ADDRESS}, [16])", "0")
SEND = ('sendto(3<UDP:[1]>, "hi", 2, 0, NULL, 0)', "2")
CLOSE = ("close(3<UDP:[1]>)", "0")
TCP = ("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP)", "3<TCP:[1]>")


def left(*written: tuple[str, str]) -> list[str]:
    """The names of those that belong to no look-up; the calls are one process's."""
    calls: list[CallSeen] = [call(*one) for one in written]
    found = set(of_lookups(calls, range(len(calls))))
    return [one.name for number, one in enumerate(calls) if number not in found]


@pytest.mark.parametrize(
    "steps",
    [
        NETLINK,
        [UDP, CONNECT, ASK, CLOSE],
        [UDP, CONNECT, ASK, ANEW, CONNECT, ASK, CLOSE],
        [*NETLINK, UDP, NO_WAY, CLOSE, UDP, CONNECT, ASK, CLOSE],
    ],
)
def test_the_steps_of_a_look_up_are_found(steps: list[tuple[str, str]]) -> None:
    """Netlink's, and each attempt to find a way; what the program does afterwards is its own."""
    assert left(*steps, TCP, CONNECT, CLOSE) == ["socket", "connect", "close"]


@pytest.mark.parametrize(
    "own",
    [
        [UDP, CONNECT, SEND, CLOSE],
        [UDP, CONNECT, ASK, SEND, CLOSE],
        [UDP, CONNECT, CLOSE],
        [UDP, NO_WAY, CLOSE],
        [UDP, CONNECT, ASK],
        [UDP, CLOSE],
        [NETLINK[0], NETLINK[1], NETLINK[5]],
        [*NETLINK[:3], ("sendto(3<NETLINK:[ROUTE:8]>, [{nlmsg_type=RTM_GETLINK}], 20, 0, NULL, 0)", "20"), NETLINK[5]],
        [("socket(AF_INET, SOCK_DGRAM, IPPROTO_IP)", "-1 EMFILE (Too many open files)")],
    ],
)
def test_sockets_that_a_program_uses_itself_are_not_taken_for_a_look_up(own: list[tuple[str, str]]) -> None:
    """One that sends, is kept, or asks netlink for something else."""
    assert len(left(*own)) == len(own)


def test_a_socket_whose_connecting_sent_a_packet_is_told() -> None:
    """A look-up sends none."""
    calls = [call(*one) for one in (UDP, CONNECT, ASK, CLOSE)]
    calls[1] = replace(calls[1], packets=(0,))
    assert not list(of_lookups(calls, range(4)))
