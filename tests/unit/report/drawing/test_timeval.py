"""Socket options that are lengths of time."""

from __future__ import annotations

import struct

import pytest

from labctl.report.drawing.timeval import option_of_time


def as_memory(seconds: int, microseconds: int) -> str:
    """A timeval of this machine as strace writes memory."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in struct.pack("=qq", seconds, microseconds)) + '"'


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (as_memory(5, 0), "5 s"),
        (as_memory(0, 300_000), "0.3 s"),
        (as_memory(100_000, 1), "100000.000001 s"),
        (as_memory(0, 0), "0 s"),
        ("{tv_sec=1, tv_usec=500000}", "1.5 s"),
    ],
)
def test_a_time_limit_is_told_in_seconds(value: str, words: str) -> None:
    """Whether strace shows the memory or the structure."""
    assert option_of_time("SO_RCVTIMEO_OLD", value) == ("SO_RCVTIMEO", words)
    assert option_of_time("SO_SNDTIMEO", value) == ("SO_SNDTIMEO", words)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("SO_REUSEADDR", "[1]"),
        ("SO_RCVBUF", as_memory(5, 0)),
        ("SO_RCVTIMEO_OLD", '"\\5\\0\\0\\0\\0\\0\\0\\0"'),
        ("SO_RCVTIMEO_OLD", '"'),
        ("SO_RCVTIMEO_OLD", "NULL"),
        ("SO_RCVTIMEO_OLD", as_memory(-1, 0)),
        ("SO_RCVTIMEO_OLD", as_memory(1, 1_000_000)),
    ],
)
def test_what_is_no_length_of_time_stays_as_it_is(option: str, value: str) -> None:
    """Another option, another length, or numbers that are no time."""
    assert option_of_time(option, value) is None
