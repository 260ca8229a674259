"""A system call -> what it is about: a socket, processes, a signal, or files and the program's own affairs. Pure."""

from __future__ import annotations

from labctl.agent.syscalls import FAMILIES
from labctl.observe.story import Group
from labctl.observe.trace.arguments import descriptors
from labctl.observe.trace.endpoints import label
from labctl.observe.trace.model import Call

OF_SOCKETS = frozenset({
    "socket", "socketpair", "bind", "listen", "connect", "accept", "accept4", "shutdown", "getsockname", "getpeername",
    "getsockopt", "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg",
})  # fmt: skip
_OF_PROCESSES = frozenset({
    *FAMILIES["fork"], *FAMILIES["wait"], "execve", "execveat", "exit", "exit_group", "unshare", "setns",
    "pidfd_open", "pidfd_getfd", "process_madvise", "process_mrelease",
})  # fmt: skip
_OF_SIGNALS = frozenset({
    "kill", "tkill", "tgkill", "pause", "sigaltstack", "signalfd", "signalfd4", "signal", "sigaction", "sigreturn",
    "sigsuspend", "sigpending", "sigprocmask", "pidfd_send_signal",
})  # fmt: skip


def group_of(call: Call) -> Group:
    """What a call is about, as its own line tells.

    Any descriptor is looked at that it names: `sendfile` has two, `poll` many. What epoll_wait waits for was said
    earlier, by other calls: ask `followed`.
    """
    if call.name in OF_SOCKETS or label(call.leads_to):
        return "socket"
    if call.name in _OF_PROCESSES:
        return "process"
    if call.name in _OF_SIGNALS or call.name.startswith("rt_sig"):
        return "signal"
    if ":[" in call.arguments and any(label(leads_to) for _, leads_to in descriptors(call.arguments)):
        return "socket"
    return "file"
