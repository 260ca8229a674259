"""poll(2), select(2) and epoll(7) -> the sockets they wait for, those that are ready first."""

from __future__ import annotations

import re

from labctl.observe.trace.arguments import descriptors, split
from labctl.observe.trace.changes import end_ns
from labctl.observe.trace.model import Call
from labctl.observe.trace.registry import Registry
from labctl.observe.trace.uses import Use

_DATA = re.compile(r"u64=(\d{1,20})", re.ASCII)
_READY = re.compile(r"fd=(\d{1,9})|(?<=[\[ ])(\d{1,9})(?=[\] ])", re.ASCII)


class Waiting:
    """Who waits for what. An instance of epoll has sockets by the numbers that its program gave them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._interests: list[dict[str, int]] = []

    def begins(self, call: Call) -> Use | None:
        """A call that waits: for the sockets that it names, or that its instance of epoll was told of."""
        if call.name.startswith("epoll"):
            return _use(list((self._instance(call) or {}).values()), [])
        return _use(self._named(call, call.arguments), [])

    def returns(self, call: Call, use: Use | None) -> Use | None:
        """It knows now which of them are ready."""
        if use is None or call.returned is None or call.returned <= 0:
            return use
        if call.name.startswith("epoll"):
            instance = self._instance(call) or {}
            ready = [instance[data] for data in _DATA.findall(call.arguments) if data in instance]
        else:
            numbers = {int(one or other) for one, other in _READY.findall(call.result.partition(" ")[2])}
            ready = self._named(call, call.arguments, numbers)
        return _use([use.socket, *use.others], ready)

    def made(self, call: Call) -> None:
        """After epoll_create."""
        if call.returned is not None and call.returned >= 0:
            self._interests.append({})
            number, closes = -len(self._interests), "EPOLL_CLOEXEC" in call.arguments
            self._registry.put(call.pid, call.returned, "", number, at_ns=end_ns(call), closes_at_exec=closes)

    def told(self, call: Call) -> Use | None:
        """After epoll_ctl: which socket it is about."""
        arguments = split(call.arguments)
        named = self._named(call, arguments[2]) if len(arguments) > 2 else []
        if not named:
            return None
        instance, data = self._instance(call), _DATA.search(arguments[3]) if arguments[3:] else None
        if instance is not None and call.returned == 0:
            for known in [known for known, number in instance.items() if number == named[0]]:
                del instance[known]
            if data and arguments[1] != "EPOLL_CTL_DEL":
                instance[data[1]] = named[0]
        return Use(socket=named[0], role="other")

    def _instance(self, call: Call) -> dict[str, int] | None:
        number = None if call.descriptor is None else self._registry.open.at(call.pid, call.descriptor)
        return None if number is None or number >= 0 else self._interests[-number - 1]

    def _named(self, call: Call, text: str, numbers: set[int] | None = None) -> list[int]:
        found = [
            self._registry.at(call.pid, number, leads_to)
            for number, leads_to in descriptors(text)
            if numbers is None or number in numbers
        ]
        return [number for number in dict.fromkeys(found) if number is not None]


def _use(waited_for: list[int], ready: list[int]) -> Use | None:
    first, *others = dict.fromkeys([*ready, *waited_for]) or [None]
    return (
        None
        if first is None
        else Use(socket=first, role="wait", others=tuple(one for one in others if one is not None))
    )
