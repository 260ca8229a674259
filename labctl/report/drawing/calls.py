"""A system call as strace wrote it -> words a learner reads: `connect(3, 10.0.0.1:51717)`, `accept → 4`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from labctl.observe.story import CallSeen
from labctl.observe.trace.arguments import split, unquoted
from labctl.report.drawing.strace_text import address, in_quotes, said, short, strings_in
from labctl.report.drawing.timeval import option_of_time
from labctl.report.measures import span_in_words

NOTEWORTHY_NS = 1_000_000
"""A call that took so long is said to have taken it."""

_READS = {"read", "recv", "recvfrom", "recvmsg", "readv", "pread64", "preadv"}
_WRITES = {"write", "send", "sendto", "sendmsg", "writev", "pwrite64", "pwritev"}
_FORKS = {"fork", "vfork", "clone", "clone3"}
_ASK_ADDRESS = {"getsockname", "getpeername"}
_TELL_ADDRESS = {"accept", "accept4"} | _ASK_ADDRESS
_SHORT_ANSWERS = {"bind", "listen", "close", "shutdown", "setsockopt", "kill", "rt_sigaction", "dup2", "execve"}
"""What returns 0 where all is well, so that nothing needs to be said."""

_NAMES = {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP", "SOCK_RAW": "raw"}
_UNIX_NAMES = {"SOCK_STREAM": "Unix stream", "SOCK_DGRAM": "Unix datagram", "SOCK_SEQPACKET": "Unix seqpacket"}
_MEANING = re.compile(r"\(([^()]*)\)\s*$")
_STATUS = re.compile(r"WEXITSTATUS\(s\) == (\d+)|WTERMSIG\(s\) == SIG(\w+)")
_HANDLER = re.compile(r"sa_handler=(\w+)")
_REVENTS = re.compile(r"fd=(\d+)(?:<[^>]*(?:->[^>]*)?>)?, revents=([\w|]+)")


def whole(call: CallSeen) -> str:
    """A call that begins and returns in one row: `bind(3, 0.0.0.0:51717) → EADDRINUSE Address already in use`."""
    answer = _answer(call)
    words = _called(call) + (f" → {answer}" if answer else "")
    return words + _after(call)


def begun(call: CallSeen) -> str:
    """A call as it begins to wait: `accept(3) …`; of one that never returned the same without the mark."""
    return _called(call) + (" …" if call.ends_ns is not None or call.name not in ("exit", "exit_group") else "")


def returned(call: CallSeen) -> str:
    """What it returned, and after how long: `accept → 4 after 31.9 ms`."""
    took = "" if call.ends_ns is None else f" after {span_in_words(call.ends_ns - call.begins_ns)}"
    return f"{_name(call)} → {_answer(call) or '0'}{took}"


def traced(call: CallSeen) -> str:
    """The line as strace has it, without its times."""
    return f"{call.name}({call.arguments}) = {call.result}"


def _name(call: CallSeen) -> str:
    if call.name in _FORKS and "CLONE_THREAD" not in call.arguments:
        return "vfork" if "CLONE_VFORK" in call.arguments else "fork"
    return call.name


def _called(call: CallSeen) -> str:
    words = _ARGUMENTS.get(call.name, _plainly)(split(call.arguments))
    return f"{_name(call)}({words})"


def _answer(call: CallSeen) -> str:
    """What it returned in words; empty where that goes without saying."""
    if call.ends_ns is None and call.returned is None and not call.error:
        return ""
    if call.error.startswith("ERESTART"):  # the kernel's own: no program ever sees it
        return "interrupted by a signal"
    if call.error:
        meaning = _MEANING.search(call.result)
        return f"{call.error} {meaning[1]}" if meaning is not None else call.error
    if call.returned is None or call.result.startswith("0x"):
        return short(call.result.partition(" ")[0])
    more = _more(call, split(call.arguments))
    if call.name in _ASK_ADDRESS and more:
        return more.strip()
    if call.returned == 0 and not more and call.name in _SHORT_ANSWERS | {"connect"}:
        return ""
    return f"{call.returned}{more}"


def _more(call: CallSeen, arguments: Sequence[str]) -> str:
    """What came with the number: bytes that were read, who is at the other end, which child ended."""
    if call.name in _READS:
        return _read(call, arguments)
    if call.name in _TELL_ADDRESS and len(arguments) > 1:
        there = address(arguments[1])
        return f" {'from ' if call.name.startswith('accept') else ''}{there}" if there else ""
    if call.name in ("wait4", "waitpid") and call.returned:
        status = _STATUS.search(call.arguments)
        return "" if status is None else f", exit {status[1]}" if status[1] else f", signal {status[2]}"
    if call.name in ("poll", "ppoll"):
        return "".join(f", {fd} has {events}" for fd, events in _REVENTS.findall(call.result))
    return ""


def _read(call: CallSeen, arguments: Sequence[str]) -> str:
    if not call.returned:
        return ", the end" if call.name in ("read", "recv") else ""
    texts = [part for part in arguments[1:2] if part.startswith('"')] or list(strings_in(call.arguments))
    cut = any(text.endswith("...") for text in texts)
    text = "".join(unquoted(part.removesuffix("...")[1:-1]) for part in texts)
    there = address(call.arguments) if call.name in ("recvfrom", "recvmsg") else ""
    return (f" {in_quotes(text, is_cut=cut)}" if texts else "") + (f" from {there}" if there else "")


def _after(call: CallSeen) -> str:
    if call.ends_ns is None or call.ends_ns - call.begins_ns < NOTEWORTHY_NS:
        return ""
    return f" after {span_in_words(call.ends_ns - call.begins_ns)}"


def _plainly(arguments: Sequence[str]) -> str:
    return ", ".join(map(short, arguments))


def _socket(arguments: Sequence[str]) -> str:
    family, kind = arguments[0], arguments[1].partition("|")[0]
    if family == "AF_UNIX":
        return _UNIX_NAMES.get(kind, f"Unix {kind}")
    if family not in ("AF_INET", "AF_INET6"):
        return f"{family}, {kind}"
    return _NAMES.get(kind, kind) + (", IPv6" if family == "AF_INET6" else "")


def _first(arguments: Sequence[str]) -> str:
    """Of those whose other arguments are where the kernel writes to."""
    return short(arguments[0])


def _first_two(arguments: Sequence[str]) -> str:
    return ", ".join(map(short, arguments[:2]))


def _written(arguments: Sequence[str]) -> str:
    """Descriptor and bytes; of sendto and sendmsg where to, if that is said."""
    texts = [said(part) for part in arguments[1:2] if part.startswith('"')]
    texts = texts or [said(part) for part in strings_in(", ".join(arguments))]
    there = address(", ".join(arguments[1:]))
    return ", ".join([short(arguments[0]), *texts, *([there] if there else [])])


def _option(arguments: Sequence[str]) -> str:
    """Of setsockopt: its level goes without saying."""
    timed = option_of_time(arguments[2], arguments[3]) if len(arguments) > 3 else None
    words = timed or (arguments[2], *(part.strip("[]") for part in arguments[3:4]))
    return ", ".join([short(arguments[0]), *words])


def _waited(arguments: Sequence[str]) -> str:
    """Of wait4: who is waited for, and how."""
    return ", ".join([arguments[0], *(part for part in arguments[2:3] if part != "0")])


def _handled(arguments: Sequence[str]) -> str:
    """Of rt_sigaction: the signal, and what will happen."""
    handler = _HANDLER.search(arguments[1]) if len(arguments) > 1 else None
    if handler is None:
        return arguments[0]
    return f"{arguments[0]}, {'a function' if handler[1].startswith('0x') else handler[1]}"


def _executed(arguments: Sequence[str]) -> str:
    """Of execve: the command, as one would type it."""
    words = [unquoted(part.removesuffix("...")[1:-1]) for part in split(arguments[1].strip("[]"))]
    line = " ".join(words)
    return line if len(line) <= 60 else f"{line[:59]}…"


def _polled(arguments: Sequence[str]) -> str:
    """Of poll: the descriptors, and for how long."""
    fds = re.findall(r"fd=(\d+)", arguments[0])
    return ", ".join([*fds, *(f"{limit} ms" for limit in arguments[2:3] if limit.isdigit())])


def _guarded(words: Callable[[Sequence[str]], str], least: int) -> Callable[[Sequence[str]], str]:
    """The words, where there are so many arguments: a line may have been cut off."""
    return lambda arguments: words(arguments) if len(arguments) >= least else _plainly(arguments)


_ARGUMENTS: dict[str, Callable[[Sequence[str]], str]] = {
    "socket": _guarded(_socket, 2),
    **dict.fromkeys(("bind", "connect"), _guarded(_first_two, 2)),
    **dict.fromkeys(_TELL_ADDRESS | _READS, _guarded(_first, 1)),
    **dict.fromkeys(_WRITES, _guarded(_written, 2)),
    **dict.fromkeys(_FORKS, lambda arguments: ""),
    "setsockopt": _guarded(_option, 3),
    **dict.fromkeys(("wait4", "waitpid"), _guarded(_waited, 1)),
    "rt_sigaction": _guarded(_handled, 1),
    "execve": _guarded(_executed, 2),
    **dict.fromkeys(("poll", "ppoll"), _guarded(_polled, 1)),
}
