"""What strace has written (-f -ttt -T -yy) -> calls, signals and ends of processes, and every line that can't be read.

Source: strace(1). A call that others interrupt stands in two lines, `<unfinished ...>` and `<... NAME resumed>`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from labctl.observe.trace.arguments import balanced, descriptor
from labctl.observe.trace.model import Call, End, Problem, Signal, Trace
from labctl.observe.trace.results import Result, nanoseconds, result

__all__ = ["Call", "End", "Problem", "Signal", "Trace", "read"]


class _Head(NamedTuple):
    """A line that says whose it is, and when."""

    line: int
    pid: int
    at_ns: int
    text: str


_LINE = re.compile(r"(\d{1,9}) +(\d{1,10})\.(\d{6}|\d{9}) (.+)", re.ASCII | re.DOTALL)
_NOTICE = re.compile(r"strace: |(?:\d+ +[\d.]+ )?\[ Process PID=", re.ASCII)
_CALL = re.compile(rf"(\w+)\(({balanced()})\) *= (.+)", re.ASCII)
_BEGINNING = re.compile(r"(\w+)\((.*)", re.ASCII)
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.ASCII)
_UNFINISHED = " <unfinished ...>"
_SIGNAL = re.compile(r"--- (stopped by )?SIG(\w+)(?: (\{.*\}))? ---", re.ASCII)
_END = re.compile(
    r"\+\+\+ (?:exited with (\d{1,9})|killed by SIG(\w+)( \(core dumped\))?"
    r"|superseded by execve in pid (\d{1,9})) \+\+\+",
    re.ASCII,
)
_BEGINS_WITH_A_NUMBER = frozenset({
    "kill", "tkill", "tgkill", "exit", "exit_group", "wait4", "waitid", "alarm", "prctl", "arch_prctl", "umask",
    "eventfd", "eventfd2", "epoll_create", "epoll_create1", "pidfd_open", "getpgid", "setpgid", "getsid", "unshare",
    "personality", "select", "pselect6", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
})  # fmt: skip
"""Calls whose first number is no descriptor."""


def read(text: bytes) -> Trace:
    """All that strace has written, as far as it can be read: never raises."""
    lines = text.decode("utf-8", "backslashreplace").split("\n")
    reader = _Reader(cut_line=len(lines))
    heads = [head for number, line in enumerate(lines, 1) if line and (head := reader.head(number, line))]
    for head, following in zip(heads, heads[1:] + heads[-1:], strict=True):
        reader.take(head, following.at_ns)
    return Trace(tuple(reader.calls), tuple(reader.signals), tuple(reader.ends), tuple(sorted(reader.problems)))


class _Reader:
    """What was read so far. `open`: the interrupted calls of processes, by their places in `calls`.

    `cut_line`: what stands there, if anything, lacks its newline.
    """

    def __init__(self, cut_line: int) -> None:
        self.cut_line = cut_line
        self.calls: list[Call] = []
        self.signals: list[Signal] = []
        self.ends: list[End] = []
        self.problems: list[Problem] = []
        self.open: dict[int, int] = {}

    def head(self, number: int, line: str) -> _Head | None:
        """A line's beginning. One that has none is strace's own notice, or a problem."""
        if found := _LINE.fullmatch(line):
            pid, seconds, fraction, text = found.groups()
            if not text.startswith("[ "):
                return _Head(number, int(pid), nanoseconds(seconds, fraction), text)
        if not _NOTICE.match(line):
            self.problems.append(Problem(number, "no process, no time, or nothing behind them"))
        return None

    def take(self, head: _Head, next_ns: int) -> None:
        """A line of any kind. `next_ns`: when strace wrote the one after it."""
        if whole := self._whole(head, head.text):
            self._abandon(head.pid)
            self.calls.append(_alone(head, *whole, next_ns))
        elif resumed := _RESUMED.fullmatch(head.text):
            self._resumed(head, *resumed.groups())
        elif signal := _SIGNAL.fullmatch(head.text):
            stopped, name, detail = signal.groups()
            words = detail or f"stopped by SIG{name}"
            self.signals.append(Signal(head.pid, head.at_ns, name, words, stopped is not None, head.line))
        elif end := _END.fullmatch(head.text):
            self._ended(head, *end.groups())
        elif beginning := _BEGINNING.fullmatch(head.text):
            self._unfinished(head, *beginning.groups())
        else:
            self.problems.append(Problem(head.line, "neither a call nor a signal nor an end"))

    def _whole(self, head: _Head, text: str) -> tuple[str, str, Result] | None:
        """A call's name, its arguments and its result, if all of it is there: the result's last digits too."""
        found = _CALL.fullmatch(text)
        if found is None:
            return None
        ending = result(found[3])
        is_cut = head.line == self.cut_line and ending.took_ns is None and not ending.never_came
        return None if is_cut else (found[1], found[2], ending)

    def _abandon(self, pid: int) -> None:
        """A process makes one call at a time: one that is still open will not be resumed."""
        if (place := self.open.pop(pid, None)) is not None:
            call = self.calls[place]
            self.problems.append(Problem(call.first_line, f"the call {call.name!r} goes on nowhere"))

    def _unfinished(self, head: _Head, name: str, arguments: str) -> None:
        self._abandon(head.pid)
        if arguments.endswith(_UNFINISHED):
            self.open[head.pid] = len(self.calls)
        else:
            self.problems.append(Problem(head.line, f"the call {name!r} is cut off"))
        self.calls.append(_alone(head, name, arguments, Result(), head.at_ns))

    def _resumed(self, head: _Head, name: str, rest: str) -> None:
        place = self.open.get(head.pid)
        begun = None if place is None else self.calls[place]
        if begun is not None and begun.name != name:
            self._abandon(head.pid)
            begun = None
        whole = self._whole(head, f"{name}({begun.arguments if begun else ''}{rest}")
        if whole is None:
            self.problems.append(Problem(head.line, f"the rest of the call {name!r} is cut off"))
        if begun is None:
            self.problems.append(Problem(head.line, f"the call {name!r} is resumed, and was not begun"))
        if whole is None:
            return
        if begun is None or place is None:
            before = head._replace(at_ns=head.at_ns - (whole[2].took_ns or 0))
            self.calls.append(_resumed(before, *whole, head))
        else:
            before = _Head(begun.first_line, begun.pid, begun.begins_ns, "")
            self.calls[place] = _resumed(before, *whole, head)
            del self.open[head.pid]

    def _ended(self, head: _Head, status: str | None, signal: str | None, core: str | None, by: str | None) -> None:
        self.open.pop(head.pid, None)
        if by and int(by) in self.open:
            self.open[head.pid] = self.open.pop(int(by))
        self.ends.append(
            End(
                pid=head.pid,
                at_ns=head.at_ns,
                status=None if status is None else int(status),
                signal=signal or "",
                dumped_core=core is not None,
                superseded_by=None if by is None else int(by),
                line=head.line,
            )
        )


def _alone(head: _Head, name: str, arguments: str, ending: Result, next_ns: int) -> Call:
    """A call in a line of its own."""
    ends_ns = None if ending.never_came else head.at_ns + (ending.took_ns or 0)
    by_ns = None if ends_ns is None else max(ends_ns, next_ns)
    return _call(head, name, arguments, ending, ends_ns, by_ns, head.line)


def _resumed(head: _Head, name: str, arguments: str, ending: Result, resumed: _Head) -> Call:
    """A call in two lines."""
    ends_ns = None if ending.never_came else max(head.at_ns, resumed.at_ns)
    return _call(head, name, arguments, ending, ends_ns, ends_ns, resumed.line)


def _call(
    head: _Head, name: str, arguments: str, ending: Result, ends_ns: int | None, by_ns: int | None, last_line: int
) -> Call:
    led = None if name in _BEGINS_WITH_A_NUMBER else descriptor(arguments)
    return Call(
        pid=head.pid,
        name=name,
        arguments=arguments.removesuffix(_UNFINISHED),
        result=ending.words,
        returned=ending.returned,
        error=ending.error,
        error_text=ending.error_text,
        descriptor=led[0] if led else None,
        leads_to=led[1] if led else "",
        begins_ns=head.at_ns,
        ends_ns=ends_ns,
        ends_by_ns=by_ns,
        took_ns=ending.took_ns,
        first_line=head.line,
        last_line=last_line,
    )
