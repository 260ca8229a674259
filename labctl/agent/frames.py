"""A header and a body <-> bytes: how labctl and the agent on a host speak.

A frame is two lengths (4 bytes each, network order), a JSON header and a raw body. Runs on hosts: stdlib only.
"""

from __future__ import annotations

import json
import struct
from typing import Any

Header = dict[str, Any]  # Any: JSON's own types; each reader names the keys it knows

_LENGTHS = struct.Struct("!II")
MAX_HEADER = 1024 * 1024
MAX_BODY = 4 * 1024 * 1024


class BadFrame(Exception):
    """What came is no frame: the stream is broken, and nothing after it can be read."""


def encode(header: Header, body: bytes = b"") -> bytes:
    """A frame as bytes."""
    head = json.dumps(header, separators=(",", ":")).encode()
    return _LENGTHS.pack(len(head), len(body)) + head + body


class Decoder:
    """Bytes in, in any pieces; whole frames out."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[tuple[Header, bytes]]:
        """Take more bytes and return the frames that are whole now. BadFrame if this is no stream of frames."""
        self._bytes += data
        frames = []
        start = 0
        while len(self._bytes) - start >= _LENGTHS.size:
            head_size, body_size = _LENGTHS.unpack_from(self._bytes, start)
            if head_size > MAX_HEADER or body_size > MAX_BODY:
                raise BadFrame(f"lengths {head_size} and {body_size} are no frame's")
            head_at = start + _LENGTHS.size
            end = head_at + head_size + body_size
            if len(self._bytes) < end:
                break
            try:
                header = json.loads(self._bytes[head_at : head_at + head_size])
            except ValueError as error:
                raise BadFrame("a header is no JSON") from error
            frames.append((header, bytes(self._bytes[head_at + head_size : end])))
            start = end
        del self._bytes[:start]
        return frames
