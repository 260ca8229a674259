"""TCP conversations by hand, each with something in it that there are words for."""

from __future__ import annotations

from itertools import count

from labctl.observe.packet.model import ACK, FIN, PSH, RST, SYN
from tests.unit.observe.packets import CLIENT_PORT, USUAL_SYN, Talk

LINE, ANSWER = b"hello\n", b"HELLO\n"
SACK_13_TO_19 = bytes.fromhex("0101050a") + (1013).to_bytes(4, "big") + (1019).to_bytes(4, "big")
"""An option: of a client that began with 1000 the bytes 13 to 18 came, and something before them did not."""


def _served(talk: Talk) -> Talk:
    return talk.opened().client(LINE).server().server(ANSWER).client()


def _refused(talk: Talk) -> Talk:
    """The RST that answers a SYN has 0 for its number, whatever the server would have begun with."""
    return talk.client(flags=SYN).server(flags=RST | ACK, sequence=-0xFFFFFFF0)


def _closed(talk: Talk) -> Talk:
    return _served(talk).client(flags=FIN | ACK).server(flags=FIN | ACK).client()


def conversations() -> dict[str, list[bytes]]:
    """Frames by a name for what is in them. Each has a client port of its own."""
    ports = count(CLIENT_PORT)

    def talk(*, is_v6: bool = False) -> Talk:
        return Talk(is_v6=is_v6, client_port=next(ports))

    talks = {
        "closed by both": _closed(talk()),
        "over IPv6": _closed(talk(is_v6=True)),
        "without options": talk().opened(scale=False).client(LINE).server().client(flags=FIN | ACK),
        "the last data with the FIN": talk().opened().client(LINE, flags=FIN | PSH | ACK).server(),
        "SYN repeated": talk().client(flags=SYN).client(flags=SYN, sequence=0).client(flags=SYN, sequence=0),
        "SYN-ACK repeated": talk()
        .client(flags=SYN, options=USUAL_SYN)
        .server(flags=SYN | ACK, options=USUAL_SYN)
        .server(flags=SYN | ACK, options=USUAL_SYN, sequence=0)
        .client(),
        "data repeated": _served(talk()).client(LINE).client(LINE).client(LINE * 2, sequence=7).server(),
        "data repeated with more": _served(talk()).client(LINE).client(LINE * 2, sequence=7),
        "one byte repeated": _served(talk()).client(b"x").client(b"x", sequence=7).server(),
        "data repeated that was acknowledged": _served(talk()).client(LINE, sequence=1).server(),
        "FIN repeated": _served(talk()).client(flags=FIN | ACK).client(flags=FIN | ACK, sequence=7).server(),
        "duplicate ACKs": _served(talk())
        .client(LINE)
        .client(LINE)
        .client(LINE)
        .server(acknowledges=7, options=SACK_13_TO_19)
        .server(acknowledges=7, options=SACK_13_TO_19)
        .client(LINE, sequence=7)
        .server(),
        "out of order": _served(talk()).client(LINE, sequence=13).client(LINE, sequence=7).server(),
        "a segment that was not recorded": _served(talk()).client(LINE, sequence=13).server(acknowledges=7),
        "an ACK of what was not recorded": talk().opened().server(acknowledges=7).server(ANSWER, acknowledges=7),
        "zero window": talk()
        .opened()
        .client(bytes(10))
        .server(window=0)
        .client(sequence=10)
        .server(window=0)
        .server(window=100)
        .client(bytes(10))
        .server(window=0),
        "window full": talk().opened().server(window=1).client(bytes(128)).server(window=0),
        "window full without a scale": talk().opened(scale=False).server().client(bytes(502)).server(),
        "keep-alive": _served(talk()).client(sequence=6).server().client(sequence=6).server(),
        "keep-alive with a byte": _served(talk()).client(b"\0", sequence=6, flags=ACK).server(),
        "refused": _refused(talk()),
        "reset": _served(talk()).server(flags=RST | ACK),
        "known from its middle on": talk().client(LINE, sequence=500, acknowledges=900).server(ANSWER, sequence=900),
        "known from an ACK on": talk().server(sequence=900, acknowledges=500).client(LINE, sequence=500),
    }
    frames = {name: talk.frames for name, talk in talks.items()}
    for name, first in {
        "closed, and the same ports again": _closed,
        "refused, and the same ports again": _refused,
    }.items():
        port = next(ports)
        again = _closed(Talk(client_isn=77, server_isn=99, client_port=port))
        frames[name] = first(Talk(client_port=port)).frames + again.frames
    return frames
