"""Two hosts whose agents are the test: a conversation with them."""

from __future__ import annotations

import socket

from labctl.agent.frames import Decoder, Header, encode
from labctl.engine.stream import SocketChannel
from labctl.hosts.conversation import Conversation
from labctl.hosts.program import Program

HELLO: Header = {"ev": "hello", "in_force": {}}


class Stage:
    """A conversation with two hosts whose agents are played."""

    def __init__(self) -> None:
        self.agents: dict[str, socket.socket] = {}
        channels = {}
        for host in ("left", "right"):
            ours, self.agents[host] = socket.socketpair()
            channels[host] = SocketChannel(ours)
        self.heard: list[tuple[str, Header]] = []
        self.words = ""
        self.conversation = Conversation(
            channels,
            on_heard=lambda host, header, body: self.heard.append((host, header)),
            last_words=lambda: self.words,
        )
        self.channels = channels

    def says(self, host: str, header: Header, body: bytes = b"") -> None:
        """An agent says something."""
        self.agents[host].sendall(encode(header, body))

    def heard_by(self, host: str) -> list[tuple[Header, bytes]]:
        """What an agent was told since it was asked last."""
        return Decoder().feed(self.agents[host].recv(1 << 22))

    def close(self) -> None:
        """Everything."""
        for agent in self.agents.values():
            agent.close()
        for channel in self.channels.values():
            channel.close()


def program(host: str = "left", command: tuple[str, ...] = ("server", "51717")) -> Program:
    """A program to be started."""
    return Program(name=command[0], host=host, number=1, command=command, key="p")
