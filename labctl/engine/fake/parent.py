"""The fake lab's parent: orders on a control socket -> an agent each, until that socket ends; then no process is left.

Executed by labctl as `python -I -S`. It is a subreaper, and so is each agent: whatever a program leaves behind
comes back to them (prctl(2), PR_SET_CHILD_SUBREAPER). Stdlib only.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import traceback
from contextlib import suppress
from typing import Any

from labctl.agent import kernel, serve
from labctl.agent.processes import descendants, processes
from labctl.engine.forked import forked
from labctl.engine.stream import hand_over, say, take_order

CONTROL = 3


def main() -> None:
    """Be the parent of a lab."""
    control = socket.socket(fileno=CONTROL)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    try:
        orders = take_order(control)
        if orders is not None:
            _watch(control, _make(control, orders["hosts"]))
    except OSError as error:
        say(control, {"error": str(error)})
    finally:
        end_descendants(os.getpid())
        _reap_all()


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

    def be_agent() -> None:
        kernel.die_with_parent(parent, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        os.setsid()
        for other in others:
            other.close()
        serve.main(order, channel.fileno(), channel.fileno())

    return forked(be_agent, traceback.print_exception)  # its end tells labctl


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
            say(control, {"error": f"host {lost} lost its first process"})
            return
        ready = dict(poller.poll())
        if come in ready:
            os.read(come, 4096)
        if control.fileno() in ready:
            order = take_order(control)
            if order is None:
                return
            _halt(agents, order["halt"])
            say(control, {"halted": order["halt"]})


def _halt(agents: dict[int, str], host: str) -> None:
    """End a host's agent and its programs. Once it is stopped it starts none, and what they leave comes back to it."""
    agent = next(pid for pid, name in agents.items() if name == host)
    del agents[agent]
    os.kill(agent, signal.SIGSTOP)
    end_descendants(agent)
    os.kill(agent, signal.SIGKILL)
    os.waitpid(agent, 0)


def _reap() -> list[int]:
    ended: list[int] = []
    try:
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            ended.append(pid)
    except ChildProcessError:
        pass
    return ended


def end_descendants(of: int) -> None:
    """Kill until nobody is left: who forks meanwhile is found on the next look."""
    while living := [one.pid for one in descendants(of, processes()) if one.state not in "ZX"]:
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()


def _reap_all() -> None:
    """Bury all. Whom a look has missed, because its parent died meanwhile, has come to this process by now."""
    try:
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                end_descendants(os.getpid())
    except ChildProcessError:
        return
