"""The lab's owner: orders on a control socket -> a bridge and hosts, until that socket ends.

Executed by labctl as `python -I -S`. It becomes an unprivileged user if it is root, leaves every namespace of
the machine for its own, and its child is the first process of the lab's PID namespace: when that one ends, for
whatever reason, the kernel ends everything in the lab. Stdlib only.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from labctl.agent import kernel, walls
from labctl.engine.netns import libraries, root
from labctl.engine.netns.attending import Attendants
from labctl.engine.netns.host import Birth, give_birth, set_sysctls, sysctl_path
from labctl.engine.netns.ip import run_ip
from labctl.engine.stream import hand_over, say, take_order

CONTROL = 3
_WATCH_EVERY_S = 0.25
_LOOKS_CLOSELY_EVERY = 4
_NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)
_LABCTLS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""These signals tell labctl to end; it then ends the lab."""
_FIRST_UID, _UIDS = 61184, 4096  # systemd's range for users that come and go; nobody else's files or processes


def main() -> None:
    """Be the launcher: leave the namespaces, fork the supervisor, wait for its end."""
    parent = int(sys.argv[1])
    kernel.die_with_parent(parent, signal.SIGKILL)
    for number in _LABCTLS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _LABCTLS)  # who began this process has blocked them
    libraries.keep_at_hand()
    control = socket.socket(fileno=CONTROL)
    try:
        _become_ordinary(parent)
        os.setsid()
        leave_namespaces()
        pid = os.fork()
    except OSError as error:
        say(control, {"error": error.strerror or str(error), "errno": error.errno})
        return
    if pid == 0:
        _supervise(control)
        os._exit(0)
    control.close()
    os.waitpid(pid, 0)


def _become_ordinary(parent: int) -> None:
    """Real root becomes a user that owns nothing; the parent's death is asked for anew, as setuid(2) forgot it."""
    if os.geteuid() == 0:
        uid = _FIRST_UID + os.getpid() % _UIDS
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        kernel.die_with_parent(parent, signal.SIGKILL)


def leave_namespaces() -> None:
    """Enter new namespaces of every kind, as their root. OSError where this machine doesn't let us."""
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(_NAMESPACES)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _supervise(control: socket.socket) -> None:
    """Be the first process of the lab: make what is ordered, watch it, and end when labctl does."""
    kernel.die_with_parent(0, signal.SIGKILL)
    os.setsid()
    try:
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
        set_sysctls(_for_hosts_to_come())
        orders = take_order(control)
        if orders is None:
            return
        channels, pids = _make(orders)
    except OSError as error:
        say(control, {"error": error.strerror or str(error), "errno": error.errno})
        return
    cables = {order["name"]: cables_of(number, order) for number, order in enumerate(orders["hosts"], 1)}
    with suppress(ConnectionError):  # labctl has gone meanwhile
        hand_over(control, list(cables), channels)
        _Watch(control, cables, pids).until_the_end(orders["memory"])


def _for_hosts_to_come() -> dict[str, str]:
    """Settings of the lab's own namespace, which those that are made in it take over, as far as this kernel has them.

    A table of TCP connections of its own, and a small one: the machine's is large, and looked through at every look.
    """
    wanted = {"net.ipv6.conf.default.disable_ipv6": "1", "net.ipv4.tcp_child_ehash_entries": "1024"}
    return {name: value for name, value in wanted.items() if os.path.exists(sysctl_path(name))}


def _make(orders: dict[str, Any]) -> tuple[list[socket.socket], list[int]]:
    """Make the bridge and the hosts, all at the same time. Our ends of the channels, and the hosts' pids."""
    hosts = orders["hosts"]
    folders = sorted({(source, target) for order in hosts for source, target in order["folders"]})
    root.make_template(folders, _own_interpreter())
    channels: list[socket.socket] = []
    births: list[Birth] = []
    for order in hosts:
        ours, theirs = socket.socketpair()
        births.append(give_birth(order, theirs))
        theirs.close()
        channels.append(ours)
    pids = [birth.wait_for_namespaces() for birth in births]
    _wire(orders, births, pids)
    for birth in births:
        birth.go_on()
    for birth in births:
        birth.wait_until_ready()
    for bridge in orders["bridges"]:
        _demand_closed(bridge)
    return channels, pids


def _demand_closed(bridge: str) -> None:
    """OSError where something outside the hosts has an address on their network."""
    walls.close(bridge)
    found = walls.holes(bridge)
    if found:
        raise OSError(0, f"the lab is not closed: {'; '.join(found)}")


def _wire(orders: dict[str, Any], births: list[Birth], pids: list[int]) -> None:
    """Give each host its interface. What a host that died meanwhile has said tells more than what ip makes of it."""
    try:
        run_ip(wiring(orders, pids))
    except OSError:
        for birth in births:
            birth.complain()
        raise


def wiring(orders: dict[str, Any], pids: list[int]) -> str:
    """Lines for `ip -batch` in the lab's own namespace: its bridges, and the cables from them into each host."""
    bridges = orders["bridges"]
    lines = [f"link add {bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0" for bridge in bridges]
    for number, (order, pid) in enumerate(zip(orders["hosts"], pids, strict=True), 1):
        for end, cable in zip(cables_of(number, order), order["cables"], strict=True):
            peer = f"{cable['device']} address {cable['mac']}"
            lines.append(f"link add {end} type veth peer name {peer} netns {pid}")
            lines.append(f"link set {end} master {cable['bridge']} up")
    lines += [f"link set {bridge} up" for bridge in bridges]
    lines.append("address add 127.0.0.1/8 dev lo")  # it stays down: there to be seen by who looks for addresses
    return "\n".join(lines) + "\n"


def cables_of(number: int, order: dict[str, Any]) -> list[str]:
    """The bridges' ends of a host's cables."""
    return [f"h{number}{f'n{place}' if place else ''}" for place in range(len(order["cables"]))]


def _own_interpreter() -> str | None:
    """The folder of the Python that hosts must be shown, when the machine has none under /usr."""
    if os.access("/usr/bin/python3", os.X_OK) or sys.base_prefix.startswith("/usr"):
        return None
    return sys.base_prefix


class _Watch:
    """Over the hosts of a lab. `cables`: by host, the bridges' ends of its cables."""

    def __init__(self, control: socket.socket, cables: dict[str, list[str]], pids: list[int]) -> None:
        self._control = control
        self._cables = cables
        self._hosts = dict(zip(pids, cables, strict=True))
        self._attendants = Attendants()

    def until_the_end(self, memory: int) -> None:
        """Until labctl closes the control socket: obey, reap, and end the lab if it loses a host or takes too much."""
        poller = select.poll()
        poller.register(self._control, select.POLLIN | select.POLLHUP)
        patience_s = _WATCH_EVERY_S
        while True:
            if poller.poll(patience_s * 1000) and not self._obey():
                return
            lost = self._reap()
            if lost is not None:
                self._say(error=f"host {lost} lost its first process")
                return
            patience_s = _WATCH_EVERY_S
            allowed = memory + self._attendants.memory
            if memory_mapped() <= allowed:
                continue
            patience_s *= _LOOKS_CLOSELY_EVERY
            if memory_used() > allowed:
                mebibytes = memory // 1048576
                self._say(error=f"the lab's programs used more than {mebibytes} MiB of memory together")
                return

    def _obey(self) -> bool:
        """Do what is ordered; whether there was an order, and not the end."""
        order = take_order(self._control)
        if order is None:
            return False
        try:
            if "attend" in order:
                self._attend(order["attend"])
            else:
                self._halt(order["halt"])
                self._say(halted=order["halt"])
        except OSError as error:
            self._say(error=error.strerror or str(error))
        return True

    def _attend(self, orders: list[dict[str, Any]]) -> None:
        """Give each host a sidecar, and labctl the channels; or none."""
        pids = {name: pid for pid, name in self._hosts.items()}
        channels = self._attendants.begin([(settings, pids[settings["host"]]) for settings in orders])
        hand_over(self._control, [settings["host"] for settings in orders], channels)

    def _halt(self, name: str) -> None:
        """Cut the host's cables, so that none of its last words gets out, and kill its sidecar and first process.

        The kernel lets that one end when it has ended all others of its namespace (pid_namespaces(7)).
        """
        run_ip("".join(f"link delete {end}\n" for end in self._cables[name]))
        pid = next(pid for pid, its in self._hosts.items() if its == name)
        del self._hosts[pid]
        self._attendants.end(name)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def _reap(self) -> str | None:
        """Bury the dead. The name of a host that is among them."""
        try:
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self._attendants.forget(pid)
                if pid in self._hosts:
                    return self._hosts[pid]
        except ChildProcessError:
            pass
        return None

    def _say(self, **words: str) -> None:
        say(self._control, {"t": time.monotonic_ns(), **words})


def memory_mapped() -> int:
    """Bytes of memory that isn't a file's on a disk, for all processes in this PID namespace together.

    What a process shares with others counts for each of them: never too little, quick to look at (proc(5), status).
    """
    return sum(_in_rows(text, (b"RssAnon:", b"RssShmem:", b"VmSwap:")) for text in _of_each_process("status"))


def memory_used() -> int:
    """The same with what is shared counted once. It takes long: every page is looked at (proc(5), smaps_rollup)."""
    rows = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")
    return sum(_in_rows(text, rows) for text in _of_each_process("smaps_rollup"))


def _in_rows(text: bytes, names: tuple[bytes, ...]) -> int:
    """Bytes, of rows in kibibytes."""
    rows = (row.split() for row in text.splitlines() if row.startswith(names))
    return sum(int(row[1]) * 1024 for row in rows)


def _of_each_process(name: str) -> Iterator[bytes]:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry != "1":
            try:
                with open(f"/proc/{entry}/{name}", "rb") as file:
                    text = file.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if text:
                yield text
