"""What strace wrote: of real programs (straces/, without what the interpreter does for itself), and by hand."""

from __future__ import annotations

from pathlib import Path

from labctl.observe.trace.sockets import Followed, Use, followed
from labctl.observe.trace.strace import Call, Trace, read

REAL = {path.stem: path.read_bytes() for path in sorted(Path(__file__).with_name("straces").glob("*.strace"))}
TCP = "TCP:[10.0.0.2:40000->10.0.0.1:51717]"
SERVER = '{sa_family=AF_INET, sin_port=htons(51717), sin_addr=inet_addr("10.0.0.1")}'
MADE = "7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[11]> <0.000001000>"
CONNECTED = f"7 connect(3<TCP:[11]>, {SERVER}, 16) = 0 <0.000001000>"


def written(*lines: str) -> bytes:
    """Lines `PID TEXT`, each a millisecond after the one before, the first at second 1."""
    timed = (line.partition(" ") for line in lines)
    return b"".join(f"{pid} 1.{number * 1_000_000:09} {text}\n".encode() for number, (pid, _, text) in enumerate(timed))


def trace(*lines: str) -> Trace:
    """Lines as `written` has them, read without a problem."""
    found = read(written(*lines))
    assert found.problems == ()
    return found


def call(text: str) -> Call:
    """The only call of a line."""
    (found,) = trace(f"7 {text}").calls
    return found


def follow(*lines: str) -> Followed:
    """The sockets of lines as `written` has them."""
    return followed(trace(*lines))


def used(found: Followed) -> list[Use]:
    """What was done to sockets."""
    return [use for use in found.uses if use is not None]
