"""What a program tries that needs no network: the machine's sockets, files and namespaces; what it got, as JSON.

Run as a program on a host of a lab, and on the machine itself as the control: what is found there must not be found
from a host. Arguments: a name of an abstract socket, the path of another, that of a file, and a resolver or
nothing on the machine.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import json
import os
import socket
import struct
import subprocess
import sys
from contextlib import suppress

_AF_VSOCK, _MOST = 40, 100
_SOCKETS = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket",
    "/run/systemd/private", "/run/podman/podman.sock", "/run/crio/crio.sock", "/run/snapd.socket",
)  # fmt: skip
_KINDS = {
    "vsock": (_AF_VSOCK, socket.SOCK_STREAM, 0),
    "vsock datagrams": (_AF_VSOCK, socket.SOCK_DGRAM, 0),
    "packets": (socket.AF_PACKET, socket.SOCK_RAW, 3),
    "cooked packets": (socket.AF_PACKET, socket.SOCK_DGRAM, 3),
    "raw": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
    "raw IPv6": (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
}
_CHANGES = (
    "address add 192.0.2.99/24 dev eth0", "route add default via 192.0.2.1 dev eth0 onlink", "link set lo down",
    "neighbour add 192.0.2.1 lladdr 02:42:00:00:00:01 dev eth0", "link add burglar type dummy",
    "rule add from all lookup main", "link set dev eth0 promisc on",
)  # fmt: skip


def sockets(abstract: str, path: str) -> list[str]:
    """Unix domain sockets that took a connection."""
    found = []
    places = [("abstract", f"\0{abstract}"), *((one, one) for one in (path, *_SOCKETS))]
    places += [(f"/proc/{pid}/root{path}", f"/proc/{pid}/root{path}") for pid in _pids()]
    for words, place in places:
        with socket.socket(socket.AF_UNIX) as one, suppress(OSError):
            one.setblocking(False)
            one.connect(place)
            found.append(words)
    return found


def kinds() -> list[str]:
    """Kinds of sockets that reach around the network namespace or its rules."""
    found = []
    for words, kind in _KINDS.items():
        with suppress(OSError):
            socket.socket(*kind).close()
            found.append(words)
    return found


def files(path: str) -> list[str]:
    """Ways to a file of the machine's."""
    ways = [path, *(f"/proc/{pid}/{way}{path}" for pid in _pids() for way in ("root", "cwd"))]
    ways += [f"{'../' * 40}{path}", f"/proc/self/root{path}", *(f"/proc/self/fd/{one}{path}" for one in range(20))]
    found = []
    for way in ways:
        with suppress(OSError), open(way, "rb") as file:
            found += [way] if file.read(6) == b"secret" else []
    return found


def namespaces() -> list[str]:
    """Namespaces that could be entered."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for place in glob.glob("/proc/[0-9]*/ns/*"):
        with suppress(OSError):
            descriptor = os.open(place, os.O_RDONLY)
            if libc.setns(descriptor, 0) == 0:
                found.append(place)
            elif ctypes.get_errno() not in (errno.EPERM, errno.EINVAL, errno.ENOSYS):
                found.append(f"{place}: {os.strerror(ctypes.get_errno())}")
            os.close(descriptor)
    return found


def changes() -> list[str]:
    """Changes to the host's own network that were allowed."""
    found = []
    for words in _CHANGES:
        with suppress(FileNotFoundError):
            if subprocess.run(["ip", *words.split()], capture_output=True).returncode == 0:
                found.append(words)
    for setting in ("ipv4/ip_forward", "ipv4/conf/all/accept_source_route", "ipv6/conf/all/disable_ipv6"):
        with suppress(OSError), open(f"/proc/sys/net/{setting}", "r+") as file:
            file.write(file.read())
            file.flush()
            found.append(setting)
    return found


def names(resolver: str) -> list[str]:
    """Names of the internet that a resolver had an answer for."""
    question = b"".join(bytes([len(part)]) + part for part in (b"example", b"com")) + b"\0"
    asked = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + question + struct.pack("!HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, suppress(OSError):
        one.settimeout(1.0)
        one.sendto(asked, (resolver, 53))
        answer = one.recv(512)
        if struct.unpack_from("!H", answer, 6)[0]:
            return [f"{resolver} knows example.com"]
    return []


def _pids() -> list[str]:
    """Some of them; on a host all, and the first ones everywhere."""
    return ["self", *sorted((one for one in os.listdir("/proc") if one.isdigit()), key=int)[:_MOST]]


def main(abstract: str, path: str, file: str, resolver: str) -> None:
    """Try everything."""
    found = {"sockets": sockets(abstract, path), "files": files(file), "kinds": kinds()}
    if resolver:  # on a host, then: on the machine these would do what they try
        found |= {"names": names(resolver), "namespaces": namespaces(), "changes": changes()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
