"""What hosts recorded, by hand: frames with the times at which they left one host and came to another."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.observe.network.journeys import Hosts
from labctl.observe.pcapng import Frame, Interface
from tests.unit.observe.packets import CLIENT, CLIENT6, CLIENT_MAC, SERVER, SERVER6, SERVER_MAC

INTERFACES = (
    Interface(name="cheerios"),
    Interface(name="client"),
    Interface(name="other"),
    Interface(name="cheerios (loopback)"),
)
PLACES = {interface.name: place for place, interface in enumerate(INTERFACES)}
OTHER, OTHER_MAC = "10.51.0.3", "02:00:00:00:00:03"
MS = 1_000_000

HOSTS = Hosts(
    {"cheerios": (SERVER, SERVER6), "client": (CLIENT, CLIENT6), "other": (OTHER,)},
    {"cheerios": [SERVER_MAC], "client": [CLIENT_MAC], "other": [OTHER_MAC]},
)


def left(data: bytes, host: str, at_ms: float) -> Frame:
    """It left a host then."""
    return _frame(data, host, at_ms, is_outbound=True)


def came(data: bytes, host: str, at_ms: float) -> Frame:
    """It came to a host then."""
    return _frame(data, host, at_ms, is_outbound=False)


def crossed(data: bytes, at_ms: float, *, sender: str = "client", receiver: str = "cheerios") -> list[Frame]:
    """It left then, and came a tenth of a millisecond later."""
    return [left(data, sender, at_ms), came(data, receiver, at_ms + 0.1)]


def talked(frames: Sequence[bytes], *, since_ms: float = 0) -> list[Frame]:
    """A conversation, a frame every millisecond from then on, each seen at both ends."""
    found: list[Frame] = []
    for number, data in enumerate(frames):
        is_clients = data[6:12] == bytes.fromhex(CLIENT_MAC.replace(":", ""))
        ends = ("client", "cheerios") if is_clients else ("cheerios", "client")
        found += crossed(data, since_ms + number, sender=ends[0], receiver=ends[1])
    return found


def _frame(data: bytes, host: str, at_ms: float, *, is_outbound: bool) -> Frame:
    return Frame(t_ns=round(at_ms * MS), interface=PLACES[host], data=data, length=len(data), is_outbound=is_outbound)
