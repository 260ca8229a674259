"""A connected socket -> a channel; many of them handed over from the process that made the hosts. Stdlib only.

On a control socket orders go to that process, their length in 8 bytes before their JSON; words of its come back,
JSON too, each on a line.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_LENGTH = 8
_AT_ONCE = 200
"""The kernel takes at most 253 descriptors with one message (unix(7), SCM_RIGHTS)."""


def hand_over(control: socket.socket, hosts: Sequence[str], channels: Sequence[socket.socket]) -> None:
    """Send a channel for each host by a control socket, and close it here."""
    for at in range(0, len(hosts), _AT_ONCE):
        words = json.dumps({"hosts": hosts[at : at + _AT_ONCE]}).encode()
        socket.send_fds(control, [words], [channel.fileno() for channel in channels[at : at + _AT_ONCE]])
    for channel in channels:
        channel.close()


def take_over(control: socket.socket, count: int) -> tuple[dict[str, SocketChannel], dict[str, Any]]:
    """Receive so many channels by host, or what was said instead; {} when the other end is gone. OSError."""
    channels: dict[str, SocketChannel] = {}
    while len(channels) < count:
        data, descriptors, _, _ = socket.recv_fds(control, 1 << 16, _AT_ONCE)
        received = [SocketChannel(socket.socket(fileno=descriptor)) for descriptor in descriptors]
        words: dict[str, Any] = json.loads(data) if data else {}  # Any: JSON's own types
        if "hosts" not in words:
            return {}, words
        if len(received) < len(words["hosts"]):  # they were thrown away (unix(7), SCM_RIGHTS): no room for them here
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        channels |= dict(zip(words["hosts"], received, strict=True))
    return channels, {}


def give_order(control: socket.socket, order: dict[str, Any]) -> None:
    """Send an order. OSError when the other end is gone."""
    data = json.dumps(order).encode()
    control.sendall(len(data).to_bytes(_LENGTH, "big") + data)


def take_order(control: socket.socket) -> dict[str, Any] | None:
    """The next order; None when labctl went away instead."""
    length = _exactly(control, _LENGTH)
    data = None if length is None else _exactly(control, int.from_bytes(length, "big"))
    if data is None:
        return None
    order: dict[str, Any] = json.loads(data)
    return order


def _exactly(control: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        try:
            piece = control.recv(min(size - len(data), 1 << 20))
        except ConnectionError:  # labctl went without having read all that it was told
            return None
        if not piece:
            return None
        data += piece
    return data


def say(control: socket.socket, words: dict[str, Any]) -> None:
    """Tell labctl something, if it is still there."""
    with suppress(OSError):
        control.sendall(json.dumps(words).encode() + b"\n")


class SocketChannel:
    """A channel over one stream socket."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    def fileno(self) -> int:
        return self._stream.fileno()

    def receive(self) -> bytes:
        try:
            return self._stream.recv(1 << 18)
        except ConnectionError:
            return b""

    def send(self, data: bytes) -> None:
        self._stream.sendall(data)

    def close(self) -> None:
        self._stream.close()
