"""An order -> a host: a process that is the first of its own namespaces, and becomes the agent there.

Stdlib only: forked by the supervisor, never executed anew.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import suppress
from functools import partial
from typing import Any

from labctl.agent import kernel, serve
from labctl.agent.last_words import last_words
from labctl.engine.forked import forked
from labctl.engine.netns import root
from labctl.engine.netns.ip import run_ip

_NAMESPACES = kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNET | kernel.CLONE_NEWPID
_MOST_QUEUES = 1024
"""Of messages, each of 16 KiB."""


class Birth:
    """A host that is being made: `pid` in the supervisor's namespace, and how to tell it that it is wired."""

    def __init__(self, name: str, maker: int, news: int, wired: int) -> None:
        self.name = name
        self._maker = maker
        self._news = news
        self._wired = wired
        self._heard = ""
        self.pid = 0

    def wait_for_namespaces(self) -> int:
        """Wait until its namespaces are there; its pid. OSError with what went wrong."""
        os.waitpid(self._maker, 0)  # first: one that was killed says nothing, and the host it has forked doesn't end
        said = os.read(self._news, 4096) if self._has_news() else b""
        number, _, self._heard = said.decode().partition("\n")
        if not number.isdigit():
            raise OSError(0, number or "the host's first process died")
        self.pid = int(number)
        return self.pid

    def complain(self) -> None:
        """OSError if something has gone wrong with it by now; else nothing."""
        if self._heard or self._has_news():
            self.wait_until_ready()

    def _has_news(self) -> bool:
        """Not by select(2), which knows no descriptor above 1023; in a large lab there are such."""
        poller = select.poll()
        poller.register(self._news, select.POLLIN)
        return bool(poller.poll(0))

    def go_on(self) -> None:
        """Its interface is there now. OSError with what went wrong, where it has died before that."""
        try:
            os.write(self._wired, b"!")
        except BrokenPipeError:
            self.wait_until_ready()
            raise
        finally:
            os.close(self._wired)

    def wait_until_ready(self) -> None:
        """Wait until it has a root and a network. OSError with what went wrong."""
        text = self._heard or os.read(self._news, 4096).decode()
        os.close(self._news)
        if text != "ready":
            raise OSError(0, text or "the host's first process died")


def give_birth(order: dict[str, Any], channel: socket.socket) -> Birth:
    """Start making a host: a child leaves the namespaces and forks the host's first process, then ends."""
    news_in, news_out = os.pipe()
    wired_in, wired_out = os.pipe()
    supervisor = os.getpid()

    def make() -> None:
        kernel.die_with_parent(supervisor, signal.SIGKILL)
        os.close(wired_out)
        kernel.unshare(_NAMESPACES)
        # It must not die with this process, which ends now; the supervisor's end ends it.
        first = forked(partial(_be_first, order, channel, news_out, wired_in), complain)
        os.write(news_out, f"{first}\n".encode())

    def complain(error: BaseException) -> None:
        os.write(news_out, _what_went_wrong(error).encode())

    maker = forked(make, complain)
    os.close(news_out)
    os.close(wired_in)
    return Birth(order["name"], maker, news_in, wired_out)


def _what_went_wrong(error: BaseException) -> str:
    """The system's own words for what it refused; for anything else where it happened, too."""
    return error.strerror or str(error) if isinstance(error, OSError) else last_words(error)


def _be_first(order: dict[str, Any], channel: socket.socket, news: int, wired: int) -> None:
    os.setsid()
    socket.sethostname(order["name"])
    root.enter(order["temporary"], order["files"])
    _bound_what_no_process_holds(order["settings"]["limits"]["memory"])
    set_sysctls(order["early_sysctls"])
    if not os.read(wired, 1):
        os._exit(0)
    run_ip(order["network"])
    set_sysctls(order["late_sysctls"])
    root.seal()
    os.write(news, b"ready")
    keep_only(channel.fileno())
    serve.main(order["settings"], channel.fileno(), channel.fileno())


def _bound_what_no_process_holds(memory: int) -> None:
    """Limit this host's System V memory and messages (sysvipc(7)), where this kernel lets a user namespace do it."""
    page = os.sysconf("SC_PAGESIZE")
    for key, value in (("kernel.shmall", memory // page), ("kernel.msgmni", _MOST_QUEUES)):
        with suppress(OSError):
            set_sysctls({key: str(value)})


def set_sysctls(sysctls: dict[str, str]) -> None:
    """Write kernel settings of this network namespace. OSError names the one that can't be set."""
    for key, value in sysctls.items():
        try:
            with open(sysctl_path(key), "w") as file:
                file.write(value)
        except OSError as error:
            raise OSError(error.errno, f"sysctl {key}={value}: {os.strerror(error.errno or 0)}") from error


def sysctl_path(key: str) -> str:
    """Where a kernel setting is read and written (proc(5), /proc/sys)."""
    return "/proc/sys/" + key.replace(".", "/")


def keep_only(descriptor: int) -> None:
    """Close every descriptor but this one; 0 to 2 read nothing and go nowhere."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 4096)
