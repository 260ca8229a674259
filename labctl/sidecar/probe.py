"""A scratch network namespace -> which mechanisms of the packet filter work on this kernel: each is tried on loopback.

A kernel's configuration, or a rule that was accepted, proves less than a packet that met its fate.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labctl.agent.frames import encode
from labctl.agent.last_words import last_words
from labctl.sidecar.nfqueue import Queue
from labctl.sidecar.rules import Json
from labctl.sidecar.tables import QUEUE, TableError, nft, run

_TABLE = "labctl_probe"
_HOME = "127.0.0.1"
_MARK = 0x1AB00FF
_ARRIVES_WITHIN_S = 1.0
_STAYS_AWAY_S = 0.05
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h
_SIOCGIFMTU, _SIOCSIFMTU = 0x8921, 0x8922


class NotSo(Exception):
    """What the mechanism was to do did not happen."""


def has_own_queue() -> bool:
    """Whether nftables itself can send packets to a queue here. TableError where it can't even have a table."""
    gone = f"delete table ip {_TABLE}\n"  # at once: it is waited for, and each run of nft takes some 10 ms
    try:
        nft(_written("input", f"udp dport 9 queue num {QUEUE}") + gone)
    except TableError:
        nft(_written("input", "udp dport 9 drop") + gone)
        return False
    return True


def has_queue() -> bool:
    """Whether the kernel holds packets for a program at all."""
    try:
        _queue()
    except OSError:
        return False
    return True


def probe() -> dict[str, str]:
    """Every mechanism by its name: empty where it works, else why it doesn't."""
    try:
        _raise_loopback()
    except OSError as error:
        return dict.fromkeys(MECHANISMS, f"loopback can't be had: {error.strerror}")
    found = {}
    for name, attempt in MECHANISMS.items():
        try:
            attempt()
        except OSError as error:
            found[name] = error.strerror or str(error)
        except (NotSo, TableError) as error:
            found[name] = str(error)
        else:
            found[name] = ""
    return found


def _tables() -> None:
    with _receiver() as receiver, _table("input", f"udp dport {_port(receiver)} drop"):
        _send(receiver)
        if _comes(receiver, within_s=_STAYS_AWAY_S):
            raise NotSo("a packet that was to be dropped arrived")


def _queue() -> None:
    Queue(QUEUE).close()


def _nft_queue() -> None:
    with _receiver() as receiver, _table("input", f"udp dport {_port(receiver)} queue num {QUEUE}"):
        _pass_the_queue(receiver)


def _iptables_queue() -> None:
    with _receiver() as receiver:
        chosen = ["-p", "udp", "--dport", str(_port(receiver)), "-j", "NFQUEUE", "--queue-num", str(QUEUE)]
        run(["iptables", "-w", "-t", "mangle", "-A", "INPUT", *chosen])
        try:
            _pass_the_queue(receiver)
        finally:
            run(["iptables", "-w", "-t", "mangle", "-D", "INPUT", *chosen])


def _pass_the_queue(receiver: socket.socket) -> None:
    """Lose one packet that a rule sends to the queue, and let the next one pass."""
    queue = Queue(QUEUE)
    try:
        for goes_on in (False, True):
            _send(receiver)
            if not select.select([queue], [], [], _ARRIVES_WITHIN_S)[0]:
                raise NotSo("no packet came to the queue")
            for held in queue.receive():
                (queue.release if goes_on else queue.drop)(held.number)
            queue.flush()
            if _comes(receiver, within_s=_ARRIVES_WITHIN_S if goes_on else _STAYS_AWAY_S) != goes_on:
                raise NotSo("a released packet did not arrive" if goes_on else "a packet that was dropped arrived")
    finally:
        queue.close()


def _reject() -> None:
    with _receiver() as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.getsockname())
        with _table("input", f"udp dport {_port(receiver)} reject with icmp type port-unreachable"):
            sender.send(b"?")
            sender.settimeout(_ARRIVES_WITHIN_S)
            try:
                sender.recv(1)
            except ConnectionRefusedError:
                return
            except TimeoutError:
                raise NotSo("the sender was not told that its packet was refused") from None


def _dup() -> None:
    with _receiver() as receiver:
        rule = f"udp dport {_port(receiver)} meta mark != {_MARK:#x} meta mark set {_MARK:#x} dup to {_HOME}"
        with _table("input", rule):
            _send(receiver)
            for _ in range(2):
                if not _comes(receiver, within_s=_ARRIVES_WITHIN_S):
                    raise NotSo("the copy did not arrive")


def _numgen() -> None:
    with _receiver() as receiver, _table("input", f"udp dport {_port(receiver)} numgen inc mod 2 0 drop"):
        _send(receiver, b"1")
        if _comes(receiver, within_s=_STAYS_AWAY_S):
            raise NotSo("the first packet, which was to be dropped, arrived")
        _send(receiver, b"2")
        if not _comes(receiver, within_s=_ARRIVES_WITHIN_S):
            raise NotSo("the second packet was dropped with the first")


def _fragments() -> None:
    """Loopback carries 64 KiB whole, so its MTU is lowered for the while."""
    with _receiver() as receiver, _loopback_carries(1500):
        _send(receiver, b"?" * 4000)
        if not _comes(receiver, within_s=_ARRIVES_WITHIN_S):
            raise NotSo("fragments did not arrive to begin with")
        with _table("prerouting", "ip frag-off & 0x1fff != 0 drop", priority=-450):
            _send(receiver, b"?" * 4000)
            if _comes(receiver, within_s=_STAYS_AWAY_S):
                raise NotSo("a fragment that was to be dropped arrived")
            _send(receiver)
            if not _comes(receiver, within_s=_ARRIVES_WITHIN_S):
                raise NotSo("a whole packet was dropped with the fragments")


MECHANISMS: dict[str, Callable[[], None]] = {
    "nft tables": _tables,
    "packet queue": _queue,
    "nft queue": _nft_queue,
    "iptables NFQUEUE": _iptables_queue,
    "nft reject": _reject,
    "nft dup": _dup,
    "nft numgen": _numgen,
    "nft fragments": _fragments,
}
"""By name: what raises OSError, TableError or NotSo where the mechanism does not work."""


@contextmanager
def _table(hook: str, rule: str, *, priority: int = -100) -> Iterator[None]:
    """A table with one rule, for a while. TableError if it is refused, with the reason but not the rule."""
    try:
        nft(_written(hook, rule, priority=priority))
    except TableError as error:
        raise TableError(str(error).partition(rule)[0].rpartition("Error: ")[2].strip()) from error
    try:
        yield
    finally:
        nft(f"delete table ip {_TABLE}\n")


def _written(hook: str, rule: str, *, priority: int = -100) -> str:
    chain = f"chain one {{\ntype filter hook {hook} priority {priority}; policy accept;\n{rule}\n}}\n"
    return f"table ip {_TABLE} {{\n{chain}}}\n"


@contextmanager
def _receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((_HOME, 0))
        yield receiver


def _port(receiver: socket.socket) -> int:
    port: int = receiver.getsockname()[1]
    return port


def _send(receiver: socket.socket, data: bytes = b"?") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(data, receiver.getsockname())


def _comes(receiver: socket.socket, *, within_s: float) -> bool:
    """Whether a datagram comes; it is taken."""
    if not select.select([receiver], [], [], within_s)[0]:
        return False
    receiver.recv(65536)
    return True


def _raise_loopback() -> None:
    """Set it up. netdevice(7): struct ifreq is a name, then here the flags."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        found = fcntl.ioctl(asks, _SIOCGIFFLAGS, struct.pack("16sH22x", b"lo", 0))
        flags = struct.unpack_from("H", found, 16)[0]
        if not flags & _IFF_UP:
            fcntl.ioctl(asks, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | _IFF_UP))


@contextmanager
def _loopback_carries(mtu: int) -> Iterator[None]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        before = fcntl.ioctl(asks, _SIOCGIFMTU, struct.pack("16si20x", b"lo", 0))
        fcntl.ioctl(asks, _SIOCSIFMTU, struct.pack("16si20x", b"lo", mtu))
        try:
            yield
        finally:
            fcntl.ioctl(asks, _SIOCSIFMTU, before)


def _queues() -> Json:
    return {"has_queue": has_queue(), "has_own_queue": has_own_queue()}


def main(settings: Json, go: int = 1) -> None:
    """Say what was found, in one frame: `{"ev": "probed"}` with what was asked for, or `broken`.

    `{"ask": "queue"}`: only `has_queue` and `has_own_queue`; `{"ask": "all"}`: `mechanisms`.
    """
    words: Json
    try:
        found = _queues() if settings["ask"] == "queue" else {"mechanisms": probe()}
        words = {"ev": "probed", **found}
    except TableError as error:
        words = {"ev": "broken", "detail": str(error)}
    except Exception as error:  # whoever asked waits for a word
        words = {"ev": "broken", "detail": last_words(error)}
    os.write(go, encode(words))
