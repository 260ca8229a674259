"""Interfaces and frames -> the bytes of a pcapng file, piece by piece: little-endian, times in nanoseconds."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from labctl.observe.pcapng import model
from labctl.observe.pcapng.model import Frame, Interface

SNAPLEN = 262144
"""The most bytes of a frame that are written: Wireshark reads no more of one."""
_LONGEST_OPTION = 65535
_UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF
_NANOSECONDS = 9  # 10 ** -9

_HEAD, _OPTION, _WORD = struct.Struct("<II"), struct.Struct("<HH"), struct.Struct("<I")
_SECTION, _INTERFACE, _PACKET = struct.Struct("<IHHQ"), struct.Struct("<HHI"), struct.Struct("<IIIII")
_END = _OPTION.pack(model.END, 0)


def opening(interfaces: Sequence[Interface], *, comment: str = "", application: str = "") -> bytes:
    """The beginning of a file: its section and its interfaces. What is empty is left out."""
    options = _text(model.COMMENT, comment) + _text(model.APPLICATION, application)
    head = _block(model.SECTION, _SECTION.pack(model.BYTE_ORDER, 1, 0, _UNKNOWN_LENGTH), options)
    return head + b"".join(interface_block(interface) for interface in interfaces)


def interface_block(interface: Interface) -> bytes:
    """One more interface: it has the next number, and may come anywhere before its first frame."""
    options = _text(model.NAME, interface.name) + _text(model.DESCRIPTION, interface.description)
    options += _option(model.TIME_RESOLUTION, bytes([_NANOSECONDS]))
    return _block(model.INTERFACE, _INTERFACE.pack(interface.link_type, 0, SNAPLEN), options)


def block(frame: Frame) -> bytes:
    """A frame, with its direction and its comments."""
    data = frame.data[:SNAPLEN]
    direction = model.OUTBOUND if frame.is_outbound else model.INBOUND
    options = _option(model.FLAGS, _WORD.pack(direction))
    options += b"".join(_option(model.COMMENT, _encoded(comment)) for comment in frame.comments)
    head = _PACKET.pack(frame.interface, *divmod(frame.t_ns, 1 << 32), len(data), frame.length)
    return _block(model.ENHANCED_PACKET, head + _padded(data), options)


def _block(kind: int, body: bytes, options: bytes) -> bytes:
    if options:
        options += _END
    size = 12 + len(body) + len(options)
    return _HEAD.pack(kind, size) + body + options + _WORD.pack(size)


def _text(code: int, text: str) -> bytes:
    return _option(code, _encoded(text)) if text else b""


def _option(code: int, value: bytes) -> bytes:
    return _OPTION.pack(code, len(value)) + _padded(value)


def _encoded(text: str) -> bytes:
    """As UTF-8, no longer than an option may be, and no character cut in two."""
    encoded = text.encode("utf-8", "backslashreplace")
    return encoded if len(encoded) <= _LONGEST_OPTION else encoded[:_LONGEST_OPTION].decode("utf-8", "ignore").encode()


def _padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
