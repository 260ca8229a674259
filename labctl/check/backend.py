"""testinfra's Host on a lab's host: its commands are run by the agent there, unprivileged like every program."""

from __future__ import annotations

from typing import Any

import testinfra.host
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.modules.socket import Socket

from labctl.hosts.conversation import Conversation
from labctl.hosts.launch import NotStarted, launch, started
from labctl.hosts.program import Program

Host = testinfra.host.Host
"""testinfra's own, for who gives one to a test."""
_COMMAND_WITHIN_S = 30.0


class TookTooLong(Exception):
    """A command of testinfra's did not end: nothing can be said."""


class LabBackend(BaseBackend):  # type: ignore[misc]  # testinfra has no types
    """The one method of a backend, by the agent."""

    NAME = "labctl"

    def __init__(self, conversation: Conversation, host: str, *, seconds: float = _COMMAND_WITHIN_S) -> None:
        super().__init__(host)
        self.conversation = conversation
        self._seconds = min(seconds, _COMMAND_WITHIN_S)

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:  # Any: testinfra passes odd ones on
        """Run a shell command on the host and wait for its end."""
        words = self.get_command(command, *args)
        program = Program(
            name="testinfra",
            host=self.hostname,
            number=1,
            command=("/bin/sh", "-c", words),
            key=f"testinfra#{next(self.conversation.asides)}",
        )
        conversation = self.conversation
        ticket = launch(conversation, program, environment={}, window=False, seconds=self._seconds, aside=True)
        try:
            started(conversation, program, ticket)
        except NotStarted as error:
            raise NotStarted(f"{error}, which testinfra needs to look at anything but sockets") from error
        conversation.until(lambda: program.has_ended, timeout_s=self._seconds + 10.0)
        del conversation.programs[program.host, program.key]
        if program.limit or not program.has_ended:
            raise TookTooLong(f"{words!r} did not end on {self.hostname} within {self._seconds:g} s")
        status = program.status if program.status is not None else 128 + (program.signal or 0)
        printed = program.printed
        return self.result(status, self.encode(words), bytes(printed["stdout"]), bytes(printed["stderr"]))

    def get_encoding(self) -> str:
        """UTF-8 on every lab host; testinfra would run Python there to find out."""
        return "utf-8"

    def decode(self, data: bytes) -> str:
        """Text; what isn't UTF-8 appears as `\\xNN`, as everywhere in labctl."""
        return data.decode("utf-8", "backslashreplace")


class LabSocket(Socket):  # type: ignore[misc]  # testinfra has no types
    """testinfra's socket module, by what the host's kernel says.

    testinfra's own is_listening is wrong for some addresses (its issues 286, 352, 389): a listener on 0.0.0.0
    is not found at 127.0.0.1, and one on :: that takes IPv6 only is found at every IPv4 address. Here a socket
    listens at an address when a packet to that address would reach it; without an address, when it listens at
    that port at all.
    """

    @property
    def is_listening(self) -> bool:
        """Whether something listens there."""
        conversation = self._host.backend.conversation
        port = {
            "protocol": self.protocol,
            "number": self.port,
            "path": self.host if self.protocol == "unix" else None,
            "addresses": None if self.protocol == "unix" or self.host is None else [self.host],
        }
        ticket = conversation.ask(
            self._host.backend.hostname, "await", port=port, wanted={"listening": True}, seconds=0
        )
        return bool(conversation.answer(ticket).get("held"))

    def _iter_sockets(self, listening: bool) -> Any:  # Any: testinfra yields tuples of several shapes
        conversation = self._host.backend.conversation
        for protocol in (self.protocol,) if self.protocol else ("tcp", "udp", "unix"):
            ticket = conversation.ask(self._host.backend.hostname, "sockets", protocol=protocol)
            for _, local, remote, state, *_ in conversation.answer(ticket)["sockets"]:
                if listening and state == "listening":
                    yield (protocol, local[0]) if protocol == "unix" else (protocol, *local)
                elif not listening and state == "established":
                    yield (protocol, local[0]) if protocol == "unix" else (protocol, *local, *remote)

    @classmethod
    def get_module_class(cls, host: Any) -> type:  # Any: testinfra's Host
        """This one, on every host."""
        return cls


def host_of(conversation: Conversation, name: str, *, seconds: float = _COMMAND_WITHIN_S) -> testinfra.host.Host:
    """testinfra's Host for a host of the lab. No command of its takes longer than `seconds`."""
    host = testinfra.host.Host(LabBackend(conversation, name, seconds=seconds))
    host.socket = LabSocket.get_module(host)
    return host
