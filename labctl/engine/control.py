"""labctl's side of the control socket to the process that owns a lab: orders out, its words in."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from labctl.engine.contract import EngineError
from labctl.engine.stream import SocketChannel, give_order, take_over

_HALTED_WITHIN_S = 30.0
_ATTENDED_WITHIN_S = 30.0


class Control:
    """The owner is told to make hosts, to attend some and to halt some.

    Its end is the lab's, and the socket's end is the owner's.
    """

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._come = b""

    def make(self, orders: dict[str, Any], count: int, *, within_s: float) -> tuple[dict[str, SocketChannel], Any]:
        """Order so many hosts: a channel to each, or none and what was said instead. OSError. Any: JSON's own types.

        What the owner said before it went, if it has gone, counts for more than that the order didn't reach it.
        """
        self._stream.settimeout(within_s)
        with suppress(ConnectionError):
            give_order(self._stream, orders)
        return take_over(self._stream, count)

    def attend(self, settings: Sequence[dict[str, Any]]) -> dict[str, SocketChannel]:
        """Order a sidecar for each of these settings: channels by host. EngineError with the owner's words."""
        try:
            self._stream.settimeout(_ATTENDED_WITHIN_S)
            give_order(self._stream, {"attend": list(settings)})
            channels, words = take_over(self._stream, len(settings))
        except TimeoutError as error:
            raise EngineError(f"no host was attended within {_ATTENDED_WITHIN_S:g} s") from error
        except OSError as error:
            raise EngineError(f"no host could be attended: {self.last_words() or error}") from error
        if len(channels) < len(settings):
            raise EngineError(f"no host could be attended: {words.get('error', 'the lab is gone')}")
        return channels

    def halt(self, host: str) -> None:
        """Order a host's end, and return when nothing of it is left. EngineError with the owner's words."""
        try:
            self._stream.settimeout(_HALTED_WITHIN_S)
            give_order(self._stream, {"halt": host})
            words = self._hear()
        except TimeoutError as error:
            raise EngineError(f"host {host} was not halted within {_HALTED_WITHIN_S:g} s") from error
        except OSError as error:
            raise EngineError(f"host {host} could not be halted: {self.last_words() or error}") from error
        if words.get("halted") != host:
            raise EngineError(f"host {host} could not be halted: {words.get('error', 'the lab is gone')}")

    def last_words(self) -> str:
        """Why the lab ended by itself, as far as it has been said by now; else empty."""
        try:
            self._stream.setblocking(False)
            return str(self._hear().get("error", ""))
        except OSError:
            return ""

    def close(self) -> None:
        """Let go of it; the lab ends. May be called twice."""
        self._stream.close()

    def _hear(self) -> dict[str, Any]:
        """The next words; {} at the end. OSError."""
        while b"\n" not in self._come:
            piece = self._stream.recv(1 << 16)
            if not piece:
                return {}
            self._come += piece
        line, _, self._come = self._come.partition(b"\n")
        words: dict[str, Any] = json.loads(line)
        return words
