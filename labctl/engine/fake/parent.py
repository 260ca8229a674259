"""The fake lab's parent: orders on a control socket -> an agent each, until that socket ends; then no process is left.

Executed by labctl as `python -I -S`. It is a subreaper, and so is each agent: whatever a program leaves behind
comes back to them (prctl(2), PR_SET_CHILD_SUBREAPER). Stdlib only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import traceback
from typing import Any

from labctl.agent import kernel, serve
from labctl.agent.processes import descendants, processes
from labctl.engine.stream import hand_over

CONTROL = 3
_LENGTH = 8


def main() -> None:
    """Be the parent of a lab."""
    control = socket.socket(fileno=CONTROL)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    try:
        orders = _receive_orders(control)
        if orders is not None:
            _watch(control, _make(control, orders))
    except OSError as error:
        _say(control, {"error": str(error)})
    finally:
        end_descendants()


def _receive_orders(control: socket.socket) -> list[dict[str, Any]] | None:
    """The orders: their length in 8 bytes, then JSON. None when labctl went away instead."""
    data = b""
    while len(data) < _LENGTH or len(data) < _LENGTH + int.from_bytes(data[:_LENGTH], "big"):
        piece = control.recv(1 << 20)
        if not piece:
            return None
        data += piece
    orders = json.loads(data[_LENGTH:])
    assert isinstance(orders, list)
    return orders


def _make(control: socket.socket, orders: list[dict[str, Any]]) -> dict[int, str]:
    """Fork an agent for each order, and send labctl a channel to each. Their pids, with the hosts' names."""
    channels: list[socket.socket] = []
    agents: dict[int, str] = {}
    for order in orders:
        os.makedirs(order["home"])
        ours, theirs = socket.socketpair()
        agents[_fork_agent(order, theirs, [control, ours, *channels])] = order["host"]
        theirs.close()
        channels.append(ours)
    hand_over(control, list(agents.values()), channels)
    return agents


def _fork_agent(order: dict[str, Any], channel: socket.socket, others: list[socket.socket]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        kernel.die_with_parent(parent, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        os.setsid()
        for other in others:
            other.close()
        serve.main(order, channel.fileno(), channel.fileno())
    except BaseException:  # this process must not go on as the parent; its end tells labctl
        traceback.print_exc()
    finally:
        os._exit(0)


def _watch(control: socket.socket, agents: dict[int, str]) -> None:
    """Until labctl closes the control socket: reap, and end the lab when it loses an agent."""
    come, go = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(go, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poller = select.poll()
    poller.register(control, select.POLLIN)
    poller.register(come, select.POLLIN)
    while True:
        lost = next((agents[pid] for pid in _reap() if pid in agents), None)
        if lost is not None:
            _say(control, {"error": f"host {lost} lost its first process"})
            return
        if control.fileno() in dict(poller.poll()):
            return
        os.read(come, 4096)


def _reap() -> list[int]:
    ended: list[int] = []
    try:
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            ended.append(pid)
    except ChildProcessError:
        pass
    return ended


def end_descendants() -> None:
    """Kill until nobody is left: who forks meanwhile is found on the next look. The dead are reaped."""
    while living := [one.pid for one in descendants(os.getpid(), processes()) if one.state not in "ZX"]:
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        _reap()
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _say(control: socket.socket, words: dict[str, str]) -> None:
    try:
        control.sendall(json.dumps(words).encode())
    except OSError:  # labctl is gone, and so is whoever could read it
        return
