"""What system calls the lab's own programs make, and what each call is for: a table."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace


class Use(Struct, frozen=True):
    """A call that a program makes, by its manual page. `flag`: only with this option; `unless`: not with this one."""

    page: str
    says: str
    flag: str | None = None
    unless: str | None = None


_SOCKET = Use("socket(2)", "makes a socket, which has no address yet")
_LISTEN = Use("listen(2)", "lets the kernel take connections, and up to 5 of them wait in a queue")
_ACCEPT = Use("accept(2)", "waits for a connection, and returns it as a socket of its own")
_READ = Use("read(2)", "takes what has come, at most 255 bytes, and waits if that is nothing")
_ANSWER = Use("write(2)", "sends the answer into the connection")
_CLOSE = Use("close(2)", "ends the connection: the other side reads its end")
_BIND_ANY = Use("bind(2)", "gives it the port, at every address of the host")
_BIND_PATH = Use("bind(2)", "gives it a path, and makes a file there")
_UNLINK = Use("unlink(2)", "removes the socket's file, which close leaves behind")
_REUSE = "sets SO_REUSEADDR: "

_SERVER = (
    Use("getaddrinfo(3)", "looks up its own address", flag="--address"),
    _SOCKET,
    Use("setsockopt(2)", f"{_REUSE}a port that lingers in TIME-WAIT may be bound", flag="--reuse"),
    replace(_BIND_ANY, unless="--address"),
    Use("bind(2)", "gives it the port, at one address of the host only", flag="--address"),
    _LISTEN,
    _ACCEPT,
    replace(_READ, unless="--buffer"),
    Use("read(2)", "takes what has come, as much as --buffer says, and waits if that is nothing", flag="--buffer"),
    Use("read(2)", "goes on until there is nothing more to come: 0 bytes", flag="--linger"),
    _ANSWER,
    _CLOSE,
)
_CLIENT = (
    Use("getaddrinfo(3)", "turns the server's name into addresses"),
    _SOCKET,
    Use("connect(2)", "calls the server; its own port is chosen by the kernel"),
    Use("write(2)", "hands the message to the kernel, and does not wait for the server", unless="--count"),
    Use("write(2)", "hands each message to the kernel by itself; the stream keeps no borders", flag="--count"),
    Use("shutdown(2)", "says that no more will come, and goes on reading", flag="--half-close"),
    Use("read(2)", "waits for the answer; 0 bytes are the other side's close"),
    Use("read(2)", "goes on until the server has closed: 0 bytes", flag="--linger"),
    _CLOSE,
)
_SERVER_FORK = (
    _SOCKET,
    _BIND_ANY,
    _LISTEN,
    Use("accept(2)", "returns one connection after another, for ever"),
    Use("fork(2)", "makes a process for each connection; both then have both sockets"),
    Use("close(2)", "parent and child each close the socket that they don't need", unless="--keep-open"),
    Use("close(2)", "is forgotten in the parent, so connections stay open", flag="--keep-open"),
    _READ,
    _ANSWER,
    Use("sigaction(2)", "asks to be told of children that have ended (SIGCHLD)", unless="none"),
    Use("waitpid(2)", "takes note of every ended child, until there is none left", unless="--reap"),
    Use("waitpid(2)", "takes note of every ended child, until there is none left", flag="all"),
    Use("waitpid(2)", "takes note of one child for each signal, and signals are not counted", flag="one"),
)
_SERVER_UDP = (
    _SOCKET,
    Use("setsockopt(2)", f"{_REUSE}others who set it may bind the same port", flag="--reuse"),
    Use("setsockopt(2)", "sets SO_RCVBUF: so much may wait to be read", flag="--receive-buffer"),
    _BIND_ANY,
    Use("recv(2)", "recvfrom takes one datagram, and what is longer than asked for is lost"),
    Use("send(2)", "sendto answers the address that the datagram came from"),
)
_CLIENT_UDP = (
    Use("getaddrinfo(3)", "turns the server's name into an address"),
    _SOCKET,
    Use("connect(2)", "sends nothing: it notes the peer, and errors find their way back", flag="--connect"),
    Use("send(2)", "sendto makes one datagram of each message; that it arrives is not promised", unless="--connect"),
    Use("send(2)", "makes one datagram of each message; that it arrives is not promised", flag="--connect"),
    Use("setsockopt(2)", "sets SO_RCVTIMEO: it does not wait for ever", unless="--count"),
    Use("recv(2)", "recvfrom waits for the answer, as long as SO_RCVTIMEO says", unless="--count"),
    Use("close(2)", "tells the other side nothing", unless="--count"),
)
_UNIX = Use("unix(7)", "the address is a path on its own host, or a name with @")
_SERVER_UNIX = (_SOCKET, _BIND_PATH, _LISTEN, _ACCEPT, _READ, _ANSWER, _CLOSE, _UNLINK, _UNIX)
_CLIENT_UNIX = (
    _SOCKET,
    Use("connect(2)", "calls the server by its path; it must be allowed to write there"),
    Use("write(2)", "hands the message to the kernel, and does not wait for the server"),
    Use("read(2)", "waits for the answer; 0 bytes are the other side's close"),
    _CLOSE,
    _UNIX,
)
_SERVER_UNIX_DATAGRAM = (
    _SOCKET,
    _BIND_PATH,
    Use("recv(2)", "recvfrom takes one datagram, and the sender's path with it"),
    Use("send(2)", "sendto answers that path"),
    _UNLINK,
    _UNIX,
)
_CLIENT_UNIX_DATAGRAM = (
    _SOCKET,
    Use("bind(2)", "gives it a path of its own, for without one nobody could answer"),
    Use("send(2)", "sendto hands one datagram to the server's path; none is lost on the way"),
    Use("setsockopt(2)", "sets SO_RCVTIMEO: it does not wait for ever"),
    Use("recv(2)", "recvfrom waits for the answer, as long as SO_RCVTIMEO says"),
    _UNLINK,
    _UNIX,
)

PROGRAMS: dict[str, tuple[Use, ...]] = {
    "server": _SERVER,
    "client": _CLIENT,
    "server-fork": _SERVER_FORK,
    "server-udp": _SERVER_UDP,
    "client-udp": _CLIENT_UDP,
    "server-unix": _SERVER_UNIX,
    "client-unix": _CLIENT_UNIX,
    "server-unix-datagram": _SERVER_UNIX_DATAGRAM,
    "client-unix-datagram": _CLIENT_UNIX_DATAGRAM,
}
"""By program, in the order of its calls."""

_WITH_A_VALUE = frozenset({"--address", "--buffer", "--size", "--count", "--reap", "--receive-buffer", "--timeout"})


def reaches_the_network(program: str, arguments: Sequence[str]) -> bool:
    """Whether it is one of the lab's programs and called so that it makes its first call.

    With an argument too few, or a port that is none, a program ends before that.
    """
    if program not in PROGRAMS:
        return False
    words = _positional(arguments)
    if "unix" in program:
        return len(words) == 1 and words[0] != ""
    needed = 2 if program.startswith("client") else 1
    return len(words) == needed and _is_port(words[-1], lowest=needed - 1)


def _positional(arguments: Sequence[str]) -> list[str]:
    words, skipped = [], False
    for word in arguments:
        if not skipped and not word.startswith("--"):
            words.append(word)
        skipped = not skipped and word in _WITH_A_VALUE
    return words


def _is_port(text: str, *, lowest: int) -> bool:
    return text.isascii() and text.isdigit() and lowest <= int(text) <= 65535
