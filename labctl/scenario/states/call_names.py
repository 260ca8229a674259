"""The system calls that a record is looked through for, and what is meant by other names.

They are those on sockets, and those that make, await and signal processes. A family's name stands for its members.
Sources: syscalls(2), and the classes `%network`, `%desc`, `%process` and `%signal` of strace(1).
"""

from __future__ import annotations

_FAMILIES = ("read", "write", "accept", "fork", "wait", "poll")
_OF_SOCKETS = (
    *("socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown", "close", "sendfile"),
    *("getsockname", "getpeername", "getsockopt", "setsockopt"),
    *("send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg"),
)
_OF_DESCRIPTORS = (  # those that a socket can be given to
    *("read", "readv", "preadv", "preadv2", "pread64", "write", "writev", "pwritev", "pwritev2", "pwrite64"),
    *("dup", "dup2", "dup3", "fcntl", "ioctl", "lseek", "fstat", "newfstatat", "splice", "tee", "vmsplice"),
    *("poll", "ppoll", "select", "pselect6"),
    *("epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2"),
)
_OF_PROCESSES = (
    *("fork", "vfork", "clone", "clone3", "execve", "execveat", "exit_group", "wait4", "waitid", "waitpid"),
    *("kill", "tkill", "tgkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
)
_OF_SIGNALS = (
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait"),
    *("sigaltstack", "signalfd", "signalfd4", "pause"),
)

CALL_NAMES = frozenset({*_FAMILIES, *_OF_SOCKETS, *_OF_DESCRIPTORS, *_OF_PROCESSES, *_OF_SIGNALS})

INSTEAD: dict[str, str] = {
    **dict.fromkeys(("sigaction", "signal"), "rt_sigaction"),
    "sigprocmask": "rt_sigprocmask",
    "sigreturn": "rt_sigreturn",
    "sigpending": "rt_sigpending",
    "sigsuspend": "rt_sigsuspend",
    **dict.fromkeys(("sigwait", "sigwaitinfo", "sigtimedwait"), "rt_sigtimedwait"),
    "sigqueue": "rt_sigqueueinfo",
    **dict.fromkeys(("exit", "_exit"), "exit_group"),
    **dict.fromkeys(("exec", "execl", "execlp", "execv", "execvp"), "execve"),
    "wait3": "wait4",
    "raise": "tgkill",
    "closesocket": "close",
    "pread": "pread64",
    "pwrite": "pwrite64",
    "pselect": "pselect6",
    "epoll": "epoll_wait",
    "sendall": "write",
    **dict.fromkeys(("pthread_create", "spawn", "posix_spawn"), "fork"),
}
"""What a name of the C library's, of Python's or of another system's comes to on Linux."""

OF_THE_LIBRARY = frozenset(
    {
        *("getaddrinfo", "freeaddrinfo", "getnameinfo", "gethostbyname", "gethostbyaddr", "gethostname"),
        *("htons", "htonl", "ntohs", "ntohl", "inet_pton", "inet_ntop", "inet_aton", "inet_ntoa", "inet_addr"),
        *("printf", "fprintf", "sprintf", "perror", "strerror", "puts", "gets", "fgets", "fputs", "fread", "fwrite"),
        *("fopen", "fclose", "bzero", "bcopy", "memset", "atoi", "strlen", "malloc", "system", "sleep"),
    }
)
"""Functions that people take for system calls; some make one, and some make none."""
