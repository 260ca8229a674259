"""A process about to become a program -> strace beside it, which says when it has hold of it.

The tracer is a child of the agent's in a session of its own: it descends from no program and no keeper, no program's
filter holds it, and no program can look into it. Where it has the programs' uid they can kill it; then its end tells.
It is forked first, and becomes strace (strace(1), ptrace(2)) as soon as who is to be traced tells it its pid. It goes
when the last process that it traces is gone.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from labctl.agent import kernel
from labctl.agent.carried import begun, carried
from labctl.agent.confine import Confinement, acting_as, stand_beside
from labctl.agent.descriptors import close_all_but, close_each, pipes
from labctl.agent.excerpt import Excerpt
from labctl.agent.frames import Header

MOST_TEXT = 64 * 1024 * 1024
"""Bytes that are kept of what is written of one program, where nothing else is asked for."""

_FILES = (carried("strace"), "/usr/bin/strace", "/usr/local/bin/strace", "/bin/strace")
_TEXT_AT = 3
_ASIDE = 10
_OPTIONS = (
    "--interruptible=never",  # a program may signal it where they have one uid: nothing less than KILL ends it
    "--follow-forks",
    "--absolute-timestamps=format:unix,precision:ns",
    "--syscall-times=ns",
    "--decode-fds=all",
    "--trace=%network,%desc,%process,%signal,?close_range",  # which strace doesn't count among %desc
    "--signal=all",
    "--string-limit=128",
    f"--output=/proc/self/fd/{_TEXT_AT}",
)
_YAMA = "/proc/sys/kernel/yama/ptrace_scope"
_NOBODY_TRACES = "3"  # until the machine is started anew (Documentation/admin-guide/LSM/Yama.rst)
_NAME = "strace"
_SAID = b"strace: "
_HAS_HOLD = b" attached"
_MOST_WORDS = 4096

Call = Callable[[], None]


class Tracer:
    """One strace, from the fork that becomes it to its end. `text` and `words` are -1 once they have ended.

    `text`: what it writes of the program. `words`: what it says of itself. `program`: whose tracer it is, by key;
    empty as long as it is nobody's. `lets_in`: through it who is to be traced tells its pid; closed when that one has
    it. `held`: what is to be said of the program once it is let in, None from then on.
    """

    def __init__(self, pid: int, text: int, words: int, lets_in: int, *, most: int = MOST_TEXT) -> None:
        self.pid, self.text, self.words, self.lets_in = pid, text, words, lets_in
        self.program = ""
        self.is_attached = False
        self.status: int | None = None
        self.excerpt = Excerpt(most)
        self.held: list[tuple[Header, bytes]] | None = []
        self.complaints = b""
        self._line = b""
        self._on_known: list[Call] = []
        self._on_over: list[Call] = []

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and all that it had to tell was taken."""
        return self.status is not None and self.text < 0 and self.words < 0

    @property
    def failure(self) -> str:
        """Why the record isn't whole, of one that is over: empty if it traced to the end."""
        if self.status is None or (self.status == 0 and self.is_attached):
            return ""
        if os.WIFSIGNALED(self.status):
            return f"its tracer was killed by signal {os.WTERMSIG(self.status)}"
        return self.complaint or f"its tracer ended with exit status {os.WEXITSTATUS(self.status)}"

    @property
    def complaint(self) -> str:
        """All that it has complained of, in one line."""
        return "; ".join(self.complaints.decode("utf-8", "replace").splitlines())

    def when_known(self, call: Call) -> None:
        """Call once, when it has hold of its process or is known never to have."""
        self._on_known.append(call)
        self.tell()

    def when_over(self, call: Call) -> None:
        """Call once, when it is over."""
        self._on_over.append(call)
        self.tell()

    def tell(self) -> None:
        """Call whom there is something to tell by now."""
        if self.is_attached or self.words < 0:
            calls, self._on_known = self._on_known, []
            for call in calls:
                call()
        if self.is_over:
            calls, self._on_over = self._on_over, []
            for call in calls:
                call()

    def hear(self, said: bytes) -> None:
        """Take what it says of itself: that it has hold of a process, or is rid of one. Complaints are kept."""
        *lines, self._line = (self._line + said).split(b"\n")
        for line in lines:
            if line.startswith(b"strace: Process ") and not line.endswith(b"?"):
                self.is_attached = self.is_attached or _HAS_HOLD in line
            elif len(self.complaints) < _MOST_WORDS:
                self.complaints += line.removeprefix(_SAID) + b"\n"


def find_strace() -> str:
    """Where it is on this host; empty if it isn't."""
    return next((file for file in _FILES if os.access(file, os.X_OK)), "")


def begin_tracer(strace: str, acts_as: Confinement | None, most: int = MOST_TEXT) -> Tracer:
    """Fork one, with the ids of programs where the agent acts as them. OSError where no process can be made."""
    with acting_as(acts_as):  # it opens its own pipe
        made = pipes(3)
    (text_in, text_out), (words_in, words_out), (pid_in, pid_out) = made
    agent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        close_each(made)
        raise
    if pid == 0:
        try:
            _become(strace, agent, acts_as, text_out, words_out, pid_in)
        except OSError as error:
            os.write(words_out, f"{strace}: {error.strerror}\n".encode())
        finally:
            os._exit(1)
    for descriptor in (text_out, words_out, pid_in):
        os.close(descriptor)
    for descriptor in (text_in, words_in):
        os.set_blocking(descriptor, False)
    return Tracer(pid, text_in, words_in, pid_out, most=most)


def _become(strace: str, agent: int, acts_as: Confinement | None, text: int, words: int, pid: int) -> NoReturn:
    signal.set_wakeup_fd(-1)
    stand_beside(acts_as)
    kernel.die_with_parent(agent, signal.SIGKILL)  # asked for after setuid(2), which would forget it
    os.setsid()
    close_all_but(text, words, pid)
    whom = os.read(pid, 16).decode()
    if not whom:
        os._exit(0)
    null = os.open("/dev/null", os.O_RDWR)
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _ASIDE) for one in (null, null, words, text)]
    for place, descriptor in enumerate(aside):
        os.dup2(descriptor, place)
    file, *loaded = begun(strace, name=_NAME)
    os.execve(file, [_NAME, *loaded, *_OPTIONS, f"--attach={whom}"], {"LC_ALL": "C"})


def let_trace(by: int, through: int) -> None:
    """Let that tracer have this process, and tell it the pid. Yama asks for leave where it is no ancestor."""
    with suppress(OSError):  # a kernel without Yama, or a tracer that was killed: then its end tells
        kernel.prctl(kernel.PR_SET_PTRACER, by)
    with suppress(OSError):
        os.write(through, b"%d" % os.getpid())
    os.close(through)


def why_not(said: str) -> dict[str, str]:
    """Why programs can't be traced, by what strace said (nothing: it isn't there), and what mends it."""
    if not said:
        return {"detail": "there is no strace", "mend": "apt-get install strace"}
    if "Operation not permitted" not in said:
        return {"detail": said, "mend": ""}
    try:
        with open(_YAMA) as file:
            scope = file.read().strip()
    except OSError:
        scope = ""
    if scope == _NOBODY_TRACES:
        detail = f"nobody may trace on this machine: kernel.yama.ptrace_scope is {scope}"
        return {"detail": detail, "mend": "set kernel.yama.ptrace_scope to 1 and start the machine anew"}
    return {"detail": said, "mend": "let the container trace: SYS_PTRACE, and a seccomp profile with ptrace"}
