"""A socket option that is a length of time, as strace writes it -> its name and seconds: `SO_RCVTIMEO`, `5 s`."""

from __future__ import annotations

import re
import struct

from labctl.observe.trace.arguments import unquoted_bytes

_NAME = re.compile(r"(SO_(?:RCV|SND)TIMEO)(?:_OLD|_NEW)?")
_VALUE = re.compile(r"\{tv_sec=(\d+), tv_usec=(\d+)\}")
_TIMEVAL = struct.Struct("=qq")
"""Seconds and microseconds of a 64-bit machine, in its order of bytes (socket(7), timeval(3type))."""


def option_of_time(option: str, value: str) -> tuple[str, str] | None:
    """Its name as programs have it, and for how long. None for other options, and for values of another length."""
    name, pair = _NAME.fullmatch(option), _pair(value)
    if name is None or pair is None:
        return None
    seconds, microseconds = pair
    if seconds < 0 or not 0 <= microseconds < 1_000_000:
        return None
    fraction = f".{microseconds:06d}".rstrip("0") if microseconds else ""
    return name[1], f"{seconds}{fraction} s"


def _pair(value: str) -> tuple[int, int] | None:
    """Seconds and microseconds: of the bytes in memory, or of the structure that another strace makes of them."""
    if written := _VALUE.fullmatch(value):
        return int(written[1]), int(written[2])
    if len(value) < 2 or not (value.startswith('"') and value.endswith('"')):
        return None
    memory = unquoted_bytes(value[1:-1])
    if len(memory) != _TIMEVAL.size:
        return None
    seconds, microseconds = _TIMEVAL.unpack(memory)
    return seconds, microseconds
