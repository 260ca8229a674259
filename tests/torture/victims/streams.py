"""The standard streams of a process: files, a terminal that can be closed, a pipe whose reader can go away."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.torture.victims.apart import set_apart
from tests.torture.victims.victim import Start, environment

_PIECE = 1 << 16


class Streams:
    """What a process reads from and writes to. It leads a session of its own."""

    def __init__(self) -> None:
        self._folder = Path()

    def __enter__(self) -> Streams:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def start(self, folder: Path) -> Start:
        """What starts a process there."""
        self._folder = folder
        return self._start

    def leave(self) -> None:
        """Close the other end. May be done twice."""

    def seen(self) -> str:
        """All that came, standard error's last."""
        return self.said() + (self._folder / "stderr").read_text(errors="replace")

    def said(self) -> str:
        """What came on standard output."""
        return (self._folder / "stdout").read_text(errors="replace")

    def is_said(self, words: str) -> bool:
        """Whether these words came there."""
        return words in self.said()

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        with (self._folder / "stdout").open("wb") as out:
            return self._popen(words, subprocess.DEVNULL, out.fileno())

    def _popen(
        self, words: list[str], stdin: int, stdout: int, prepare: Callable[[], None] = lambda: None
    ) -> subprocess.Popen[bytes]:
        def be_prepared() -> None:
            set_apart()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # who began this one may have ignored them (nohup)
            prepare()

        with (self._folder / "stderr").open("wb") as errors:
            return subprocess.Popen(
                words,
                cwd=self._folder,
                env=environment(self._folder),
                stdin=stdin,
                stdout=stdout,
                stderr=errors,
                start_new_session=True,
                preexec_fn=be_prepared,
            )


class Files(Streams):
    """Output goes to files."""


class _Read(Streams):
    """Somebody reads standard output, until he leaves."""

    def __init__(self) -> None:
        super().__init__()
        self._come = b""
        self._source = -1
        self._stopped, self._stop = os.pipe()
        self._reader = threading.Thread(target=self._read)

    def said(self) -> str:
        return self._come.decode(errors="replace")

    def leave(self) -> None:
        if self._source >= 0:
            os.write(self._stop, b"!")
            self._reader.join()
            for descriptor in (self._source, self._stop, self._stopped):
                os.close(descriptor)
            self._source = -1

    def _begin(self, source: int) -> None:
        self._source = source
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # EIO: nobody has the terminal any more
            while self._stopped not in select.select([self._source, self._stopped], [], [])[0]:
                piece = os.read(self._source, _PIECE)
                if not piece:
                    return
                self._come += piece


class Pipe(_Read):
    """Standard output is a pipe; one who leaves is what SIGPIPE is for."""

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        source, sink = os.pipe()
        process = self._popen([*words, "-v"], subprocess.DEVNULL, sink)
        os.close(sink)
        self._begin(source)
        return process


class Terminal(_Read):
    """Standard input and output are a terminal, which the process controls; leaving closes it."""

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        master, slave = pty.openpty()

        def prepare() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = self._popen(words, slave, slave, prepare)
        os.close(slave)
        self._begin(master)
        return process
