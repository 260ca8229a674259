"""Records of system calls that were never made, written as strace writes them."""

from __future__ import annotations

import re
from itertools import pairwise

from labctl.observe.story import CallSeen, Group

_ERROR = re.compile(r"-1 (E[A-Z0-9]+) ")
_PROCESSES = ("clone", "fork", "vfork", "wait4", "execve", "exit_group")


def call(line: str, *, at_ms: float, took_ms: float | None = 0.01, group: Group | None = None) -> CallSeen:
    """`bind(3, …) = 0` as it began at this time; without ` = ` it never returned."""
    made, equals, result = line.rpartition(" = ")
    made = made if equals else line
    name, _, arguments = made.partition("(")
    failed = _ERROR.match(result)
    begins_ns = round(at_ms * 1e6)
    return CallSeen(
        lane=0,
        pid=7,
        name=name,
        arguments=arguments.removesuffix(")"),
        result=result if equals else "?",
        returned=int(re.match("-?[0-9]+", result)[0]) if equals and result[0] in "-0123456789" else None,  # type: ignore[index]  # it begins so
        error=failed[1] if failed else "",
        begins_ns=begins_ns,
        ends_ns=None if not equals or took_ms is None else begins_ns + round(took_ms * 1e6),
        group=group or ("process" if name in _PROCESSES else "socket"),
        socket="",
    )


def calls(*lines: str) -> tuple[CallSeen, ...]:
    """These calls, one a millisecond."""
    made = tuple(call(line, at_ms=place) for place, line in enumerate(lines))
    assert all(one.begins_ns < other.begins_ns for one, other in pairwise(made))
    return made


SERVER = calls(
    "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<TCP:[11]>",
    'bind(3<TCP:[11]>, {sa_family=AF_INET, sin_port=htons(51717), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    "listen(3<TCP:[0.0.0.0:51717]>, 5) = 0",
    "accept4(3<TCP:[0.0.0.0:51717]>, {sa_family=AF_INET, sin_port=htons(40112)}, [16], SOCK_CLOEXEC) = 4<TCP:[12]>",
    'recvfrom(4<TCP:[10.0.0.2:51717->10.0.0.3:40112]>, "hello", 255, 0, NULL, NULL) = 5',
    'sendto(4<TCP:[10.0.0.2:51717->10.0.0.3:40112]>, "I got your message", 18, 0, NULL, 0) = 18',
    "close(4<TCP:[10.0.0.2:51717->10.0.0.3:40112]>) = 0",
    "close(3<TCP:[0.0.0.0:51717]>) = 0",
    "exit_group(0)",
)
"""One client served."""

IN_USE = "-1 EADDRINUSE (Address already in use)"
