"""A trace, line after line -> every socket in it, and what each call did to it: the work behind `followed`."""

from __future__ import annotations

from labctl.agent.syscalls import FAMILIES
from labctl.observe.trace import moving
from labctl.observe.trace.arguments import descriptor, split
from labctl.observe.trace.changes import BEGINNINGS, CHANGES, end_ns
from labctl.observe.trace.model import Call, End, Trace
from labctl.observe.trace.registry import Registry
from labctl.observe.trace.uses import ROLES, Use
from labctl.observe.trace.waiting import Waiting


class Follower:
    """Reads a whole trace when it is made. `uses` is parallel to the trace's calls."""

    def __init__(self, trace: Trace) -> None:
        self.registry = Registry()
        self.uses: list[Use | None] = [None] * len(trace.calls)
        self._waiting = Waiting(self.registry)
        self._forking: list[tuple[int, bool]] = []
        self._renamed: dict[int, int] = {}
        events = [(end.line, -1, place) for place, end in enumerate(trace.ends)]
        for place, call in enumerate(trace.calls):
            events.append((call.first_line, 0, place))
            if call.ends_ns is not None:
                events.append((call.last_line, 1, place))
        for _, what, place in sorted(events):
            if what < 0:
                self._ended(trace.ends[place])
            elif what == 0:
                self.uses[place] = self._begins(trace.calls[place])
            else:
                self.uses[place] = self._returns(trace.calls[place], self.uses[place])

    def _ended(self, end: End) -> None:
        if end.superseded_by is None:
            self.registry.gone(self.registry.open.end(end.pid), end.at_ns)
        else:
            self._renamed[end.superseded_by] = end.pid
            self.registry.open.end(end.superseded_by)

    def _begins(self, call: Call) -> Use | None:
        """Its descriptors lead to what they led to before it."""
        if self._forking and not self.registry.open.knows(call.pid):
            parent, shares = self._forking.pop(0)
            self.registry.open.fork(parent, call.pid, shares=shares)
        if call.name in FAMILIES["fork"]:
            self._forks(call)
            return None
        if call.name in FAMILIES["poll"]:
            return self._waiting.begins(call)
        number = self.registry.about(call)
        if number is None:
            return self._by_another_argument(call)
        use = Use(socket=number, role=ROLES.get(call.name, "other"))
        begin = BEGINNINGS.get(use.role)
        return begin(self.registry, call, use) if begin is not None else use

    def _forks(self, call: Call) -> None:
        """A child has everything as the call begins: its own first line may come before the call returns."""
        shares = "CLONE_FILES" in call.arguments
        if call.returned is not None and call.returned > 0:
            self.registry.open.fork(call.pid, call.returned, shares=shares)
        elif call.ends_ns is None:
            self._forking.append((call.pid, shares))

    def _by_another_argument(self, call: Call) -> Use | None:
        """splice names the descriptor that it writes to third."""
        arguments = split(call.arguments) if call.name == "splice" else []
        found = descriptor(arguments[2]) if len(arguments) > 2 else None
        number = self.registry.at(call.pid, *found) if found else None
        return None if number is None else Use(socket=number, role="send")

    def _returns(self, call: Call, use: Use | None) -> Use | None:
        if call.name in FAMILIES["poll"]:
            return self._waiting.returns(call, use)
        if call.name == "epoll_ctl":
            return self._waiting.told(call)
        if use is not None and use.role in ("send", "receive"):
            return moving.returned(self.registry, call, use)
        if call.returned is None or call.returned < 0:
            return use
        if call.name in ("execve", "execveat"):
            gone = self.registry.open.execute(self._renamed.pop(call.pid, call.pid))
            self.registry.gone(gone, end_ns(call))
        elif call.name in ("epoll_create", "epoll_create1"):
            self._waiting.made(call)
        elif (change := CHANGES.get(call.name)) is not None:
            return change(self.registry, call, use)
        elif (found := descriptor(call.result)) and found[1]:
            self.registry.gone(self.registry.open.close(call.pid, found[0]), call.begins_ns)
            self.registry.at(call.pid, *found)
        return use
