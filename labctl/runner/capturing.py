"""Captures beside the hosts of a lab -> packets, as they come, and what of them was lost.

A capture that dies breaks no lab: that is told as something lost, and who needs the record judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from labctl.agent.frames import Header
from labctl.engine.contract import Channel, Purpose
from labctl.hosts.conversation import Conversation, LabBroke, Ticket

_WITHIN_S = 30.0


class Attend(Protocol):
    """As a lab does it (labctl.engine.contract)."""

    def __call__(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]: ...


class Capturing:
    """Talks to the captures. `offsets_ns`: by host, what makes CLOCK_REALTIME of its CLOCK_MONOTONIC."""

    def __init__(
        self,
        conversation: Conversation,
        hosts: Sequence[str],
        on_packets: Callable[[str, bytes], None],
        on_lost: Callable[[str], None],
    ) -> None:
        """`on_packets`: told of a host's packets (labctl.sidecar.capture.recorded). `on_lost`: of a part of the record
        that isn't there, in words.
        """
        self._conversation, self._hosts = conversation, tuple(hosts)
        self._on_packets, self._on_lost = on_packets, on_lost
        self._lost: dict[str, int] = {}
        self._recording: set[str] = set()
        self._channels: Mapping[str, Channel] = {}
        self._is_stopped = False
        self.offsets_ns: dict[str, int] = {}

    def begin(self, attend: Attend) -> None:
        """Have a capture beside each host. On return everything is recorded. EngineError, LabBroke."""
        self._channels = channels = attend(self._hosts, purpose="capture")
        for host in self._hosts:
            self._recording.add(host)
            join = partial(self._conversation.join, _name(host), channels[host])
            join(partial(self._on_event, host), partial(self._on_end, host))
        if not self._conversation.until(lambda: not self._silent(), timeout_s=_WITHIN_S):
            raise LabBroke(f"no capture answers beside {', '.join(self._silent())}")

    def flush(self) -> int:
        """Return when every packet that has arrived or left by now was told; how many were lost before they could be.

        LabBroke when a capture doesn't answer.
        """
        self._flush(sorted(self._recording))
        return sum(self._lost.values())

    def forget(self, host: str) -> None:
        """A host is about to be halted, and its capture with it: what it has seen by now is told first."""
        self._flush([host])
        if host in self._recording:
            self._recording.remove(host)
            self._conversation.forget(_name(host))

    def stop(self) -> None:
        """Record no more, from now on. Waits for nothing."""
        self._is_stopped = True
        for host in self._recording:
            self._ask(host, "stop")

    def leave(self) -> None:
        """The captures end; another may begin beside the same hosts. Waits for nothing."""
        for host in sorted(self._recording):
            self._conversation.forget(_name(host))
            self._channels[host].close()
        self._recording.clear()

    def _silent(self) -> list[str]:
        return sorted(self._recording - set(self.offsets_ns))

    def _ask(self, host: str, do: str) -> Ticket:
        return self._conversation.ask(_name(host), do)

    def _flush(self, hosts: Sequence[str]) -> None:
        tickets = {host: self._ask(host, "flush") for host in hosts if host in self._recording}

        def unanswered() -> list[str]:
            return [host for host, asked in tickets.items() if asked.reply is None and host in self._recording]

        if not self._conversation.until(lambda: not unanswered(), timeout_s=_WITHIN_S):
            raise LabBroke(f"the capture of {', '.join(unanswered())} doesn't answer")
        for host, ticket in tickets.items():
            if ticket.reply is not None:
                self._lost[host] = ticket.reply["lost"]

    def _on_event(self, host: str, header: Header, body: bytes) -> None:
        kind = header["ev"]
        if kind == "hello":
            self.offsets_ns[host] = header["offset_ns"]
        elif kind == "packets" and not self._is_stopped:
            self._on_packets(host, body)
        elif kind == "cut" and not self._is_stopped:
            self._on_lost(f"{host} had more packets than are recorded of one host")

    def _on_end(self, host: str, why: str) -> None:
        said = f": {why}" if why else ""
        if host not in self.offsets_ns:
            raise LabBroke(f"the packets of {host} can't be recorded{said}")
        self._recording.discard(host)
        self._on_lost(f"the capture of {host} ended before its time{said}")


def _name(host: str) -> str:
    """What a host's capture is called in the conversation; no host can be called so."""
    return f"capture of {host}"
