"""System calls as strace writes them, for tests of what is made of their text."""

from __future__ import annotations

from labctl.observe.story import CallSeen

ADDRESS = '{sa_family=AF_INET, sin_port=htons(51717), sin_addr=inet_addr("10.51.0.2")}'


def call(written: str, result: str = "0", *, took_ns: int | None = 20_000, group: str = "socket") -> CallSeen:
    """The call `name(arguments)`; `took_ns` None for one that never returned."""
    name, _, arguments = written.removesuffix(")").partition("(")
    number = result.partition(" ")[0].partition("<")[0]
    return CallSeen(
        lane=0,
        pid=100,
        name=name,
        arguments=arguments,
        result=result,
        returned=None if number == "?" else int(number, 0),
        error=result.split(" ")[1] if result.startswith(("-1 ", "? ")) else "",
        begins_ns=1_000_000,
        ends_ns=None if took_ns is None else 1_000_000 + took_ns,
        group=group,  # type: ignore[arg-type]  # a Group
        socket="",
    )
