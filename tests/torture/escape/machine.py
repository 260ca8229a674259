"""What a program on a lab's host must not reach -> somebody who listens there, and says what came."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from labctl.agent.addresses import addresses
from labctl.engine.netns.ip import find_ip
from tests.torture.escape import prober

METADATA = "169.254.169.254"
BROADCASTS = ("255.255.255.255", "224.0.0.1", "224.0.0.251", "ff02::1", "ff02::fb")
PROBER = Path(prober.__file__).read_text()
_ANSWER = b"heard"
_GROUPS6 = ("ff02::1", "ff02::fb")
_WITHIN_S = 30.0
_INTERFACES = 3

Json = dict[str, Any]  # Any: JSON's own types


class Listeners:
    """Listens on every address of this machine on one port, by TCP and UDP. `came` is every text that reached it."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self._stop, self._stopped = socket.socketpair()
        self._undo = ExitStack()
        self.port, self._streams, self._datagrams = self._bound()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Listeners:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.close()
        self._thread.join()
        self._stop.close()
        self._undo.close()

    def _bound(self) -> tuple[int, list[socket.socket], list[socket.socket]]:
        first = self._undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        first.bind(("", 0))
        port: int = first.getsockname()[1]
        streams = [self._undo.enter_context(socket.create_server(("", port)))]
        datagrams = [first]
        if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
            streams.append(self._undo.enter_context(socket.create_server(("::", port), family=socket.AF_INET6)))
            other = self._undo.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            other.bind(("::", port))
            datagrams.append(other)
        return port, streams, datagrams

    def join(self, device: str) -> None:
        """Be in the groups of that interface, too, where it speaks IPv6."""
        for one in self._datagrams:
            if one.family == socket.AF_INET6:
                for group in _GROUPS6:
                    member = socket.inet_pton(socket.AF_INET6, group)
                    index = socket.if_nametoindex(device).to_bytes(4, sys.byteorder)
                    with suppress(OSError):
                        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member + index)

    def _listen(self) -> None:
        accepted: list[socket.socket] = []
        while True:
            awaited = [self._stop, *self._streams, *self._datagrams, *accepted]
            ready, _, _ = select.select(awaited, [], [])
            if self._stop in ready:
                return
            for one in ready:
                if one in self._streams:
                    accepted.append(self._undo.enter_context(one.accept()[0]))
                elif one in self._datagrams:
                    data, peer = one.recvfrom(2048)
                    self.came.append(data.decode("utf-8", "replace"))
                    with suppress(OSError):
                        one.sendto(_ANSWER, peer)
                else:
                    accepted.remove(one)
                    with suppress(OSError):
                        self.came.append(one.recv(2048).decode("utf-8", "replace"))

    def reached_by(self, token: str) -> list[str]:
        """What came with that token: `udp 192.0.2.2 on link`."""
        return sorted({text.removeprefix(f"{token} ") for text in self.came if text.startswith(f"{token} ")})


def own_addresses() -> list[str]:
    """Addresses of this machine's, the loopback's and the metadata service's among them.

    Of its first interfaces: what others bring up meanwhile, and take down again, is no target that can be relied on.
    """
    first = [its for its in addresses().values() if its][:_INTERFACES]
    return list(dict.fromkeys([*(one for its in first for one in its), METADATA]))


@contextmanager
def unix_listener(place: str) -> Iterator[None]:
    """Somebody listens at a Unix domain socket, at a path or an abstract name."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(50)
        yield


@contextmanager
def metadata_service() -> Iterator[bool]:
    """This machine has the metadata service's address meanwhile; whether it does (root may give it one)."""
    ip = find_ip()
    words = ("addr", "{}", f"{METADATA}/32", "dev", "lo")
    has = METADATA in addresses().get("lo", ())
    if has or ip is None or os.geteuid() != 0:
        yield has
        return
    given = subprocess.run([ip, *(word.format("add") for word in words)], capture_output=True, timeout=_WITHIN_S)
    try:
        yield given.returncode == 0
    finally:
        subprocess.run([ip, *(word.format("del") for word in words)], capture_output=True, timeout=_WITHIN_S)


def asked(token: str, device: str, targets: list[tuple[str, int]], *, patience_s: float) -> bytes:
    """What the prober reads."""
    words = {"token": token, "device": device, "targets": targets, "patience_s": patience_s}
    return json.dumps(words).encode()


def probed_from_here(token: str, targets: list[tuple[str, int]], *, patience_s: float) -> Json:
    """What the prober finds on the machine itself."""
    words = [sys.executable, "-I", "-c", PROBER]
    told = asked(token, "lo", targets, patience_s=patience_s)
    ran = subprocess.run(words, input=told, capture_output=True, check=True, timeout=_WITHIN_S)
    found: Json = json.loads(ran.stdout)
    return found
