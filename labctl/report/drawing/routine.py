"""A story's calls -> those that nobody looks for first: what the C library and an interpreter do on their own.

They are calls like others, and stay in the story; a drawing leaves them out unless all is to be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from labctl.observe.story import CallSeen
from labctl.observe.trace.arguments import split
from labctl.report.drawing.lookup import of_lookups

_ALWAYS = {"exit", "exit_group", "rt_sigprocmask", "rt_sigreturn", "restart_syscall"}
"""How a process ends is told by its end, and that a signal came by the signal."""

_NAME_CACHE = "/var/run/nscd/socket"
"""Where the C library asks first when it looks up a name (nscd(8))."""

_PYTHONS_HANDLER = re.compile(r"SIG(PIPE|XFSZ), \{sa_handler=SIG_IGN|SIGINT, \{")
_ASKS_ONLY = re.compile(r"\w+, NULL, ")
_BACK_TO_DEFAULT = re.compile(r"\w+, \{sa_handler=SIG_DFL\b")
_WRITES = ("write", "writev", "pwrite64", "pwritev")


def routine(calls: Sequence[CallSeen]) -> frozenset[int]:
    """Their places among the calls, which are in the order in which they began."""
    by_process: dict[tuple[int, int], list[int]] = {}
    for number in sorted(range(len(calls)), key=lambda number: calls[number].begins_ns):
        by_process.setdefault((calls[number].lane, calls[number].pid), []).append(number)
    return frozenset(number for own in by_process.values() for number in _of_process(calls, own))


def _of_process(calls: Sequence[CallSeen], own: Sequence[int]) -> Iterator[int]:
    """Those of one process, whose calls these are."""
    yield from (number for number in own if calls[number].name in _ALWAYS or _asks_only(calls[number]))
    yield from _executions(calls, [number for number in own if calls[number].name == "execve"])
    yield from _of_name_cache(calls, own)
    yield from of_lookups(calls, own)
    yield from _last_of_signals(calls, own)
    if any(_is_pythons_start(calls[number]) for number in own):
        yield from (number for number in own if _is_pythons_own(calls[number]))


def _asks_only(call: CallSeen) -> bool:
    """Whether it asks what a signal does, and changes nothing."""
    return call.name == "rt_sigaction" and _ASKS_ONLY.match(call.arguments) is not None


def _last_of_signals(calls: Sequence[CallSeen], own: Sequence[int]) -> Iterator[int]:
    """Signals that are put back to their default where all that follows is the end, by the process's own will."""
    if not any(calls[number].name in ("exit", "exit_group") for number in own):
        return
    for number in reversed(own):
        call = calls[number]
        if call.name == "rt_sigaction" and _BACK_TO_DEFAULT.match(call.arguments):
            yield number
        elif call.name not in _ALWAYS and (call.group != "file" or call.name in _WRITES):
            return


def _executions(calls: Sequence[CallSeen], own: Iterable[int]) -> Iterator[int]:
    """A command that was looked for in vain, and the interpreter that a script's first line names, after the script."""
    before: list[str] = []
    for number in own:
        if calls[number].error == "ENOENT":
            yield number
            continue
        words = _command(calls[number])
        if before and len(words) > len(before) and words[len(words) - len(before) + 1 :] == before[1:]:
            yield number
        before = words


def _command(call: CallSeen) -> list[str]:
    arguments = split(call.arguments)
    return split(arguments[1].strip("[]")) if len(arguments) > 1 else []


def _of_name_cache(calls: Sequence[CallSeen], own: Sequence[int]) -> Iterator[int]:
    """The C library's question to a cache that isn't there: socket, connect, close."""
    for place, number in enumerate(own):
        call = calls[number]
        if call.name == "connect" and call.error and _NAME_CACHE in call.arguments:
            around = own[max(0, place - 1) : place + 2]
            yield from (near for near in around if calls[near].name in ("socket", "connect", "close"))


def _is_pythons_start(call: CallSeen) -> bool:
    """Python ignores SIGXFSZ before it runs a program; hardly anybody else does."""
    return call.name == "rt_sigaction" and call.arguments.startswith("SIGXFSZ, {sa_handler=SIG_IGN")


def _is_pythons_own(call: CallSeen) -> bool:
    """Signals at its start and end, and addresses that its socket objects ask for."""
    if call.name == "rt_sigaction":
        return _PYTHONS_HANDLER.match(call.arguments) is not None
    return call.name in ("getsockname", "getpeername")
