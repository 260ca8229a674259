"""What tracers write -> frames to labctl, whole and in order, from each program's execve(2) on.

`traced` frames carry the text as it comes, split anywhere; `said` is a complaint of the tracer's, `cut` says that from
here on there is more than is kept. Nothing is said of a program before it is let in.
"""

from __future__ import annotations

import os
import signal
import time
from functools import partial

from labctl.agent.confine import Confinement
from labctl.agent.frames import Header
from labctl.agent.line import Line
from labctl.agent.loop import Loop
from labctl.agent.tracer import MOST_TEXT, Tracer, begin_tracer, find_strace
from labctl.agent.window import read_some

_PIECE = 65536
_GATHERS_S = 0.02
"""strace writes line by line: taken one by one they would cost more than to trace them does."""
_LINGERS_S = 5.0


class Tracing:
    """Every tracer of this host."""

    def __init__(self, loop: Loop, line: Line, acts_as: Confinement | None) -> None:
        self._loop, self._line, self._acts_as = loop, line, acts_as
        self._strace, self._most = "", MOST_TEXT
        self._tracers: list[Tracer] = []
        self._paused: list[Tracer] = []

    def turn_on(self, most: int) -> bool:
        """From now on have a tracer for each program, and keep so many bytes of each. Whether there is a strace."""
        self._strace, self._most = find_strace(), most
        return bool(self._strace)

    @property
    def is_on(self) -> bool:
        """Whether programs are traced from now on."""
        return bool(self._strace)

    def turn_off(self) -> None:
        """From now on have none."""
        self._strace = ""

    def begin(self) -> Tracer | None:
        """A tracer that waits for its process; None while programs aren't traced. OSError where none can be made."""
        if not self._strace:
            return None
        tracer = begin_tracer(self._strace, self._acts_as, self._most)
        self._tracers.append(tracer)
        self._loop.on_readable(tracer.words, lambda: self._hear(tracer))
        self._watch(tracer)
        return tracer

    def has_told_all(self) -> bool:
        """Tell all that was written by now, as far as labctl takes it; whether that was all."""
        for tracer in list(self._tracers):
            self._read(tracer)
        return not self._paused

    def pids(self) -> set[int]:
        """The tracers that have not been reaped: children of the agent's own."""
        return {tracer.pid for tracer in self._tracers if tracer.status is None}

    def on_child(self, pid: int, status: int) -> bool:
        """A child of the agent's own has ended or was stopped: whether it was a tracer. A stopped one goes on."""
        tracer = next((one for one in self._tracers if one.pid == pid and one.status is None), None)
        if tracer is None:
            return False
        if os.WIFSTOPPED(status):
            os.kill(pid, signal.SIGCONT)
        else:
            tracer.status = status
            self._read(tracer)
            self._changed(tracer)
        return True

    def let_in(self, tracer: Tracer) -> None:
        """Its program executes, and labctl knows: pass on what there is of it, and all that comes."""
        held, tracer.held = tracer.held or [], None
        for header, body in held:
            self._line.say({**header, "program": tracer.program}, body)

    def say_broken(self, tracer: Tracer, reason: str) -> None:
        """Tell that the record isn't whole."""
        self._say(tracer, {"broken": reason})

    def hurry(self, tracer: Tracer) -> None:
        """The last process that it traced is gone: so should it be, in a few seconds at the latest."""
        self._loop.after(_LINGERS_S, lambda: self._end(tracer))

    def resume(self) -> None:
        """Labctl has taken what waited: read on."""
        paused, self._paused = self._paused, []
        for tracer in paused:
            self._watch(tracer)

    def _end(self, tracer: Tracer) -> None:
        if tracer in self._paused:
            self.hurry(tracer)
        elif tracer.status is None:
            os.kill(tracer.pid, signal.SIGKILL)

    def _hear(self, tracer: Tracer) -> None:
        said = read_some(tracer.words, _PIECE)
        if said is None:
            return
        before = len(tracer.complaints)
        if said:
            tracer.hear(said)
        else:
            tracer.words = self._close(tracer.words)
        if new := tracer.complaints[before:]:
            self._say(tracer, {"said": new.decode("utf-8", "replace").rstrip("\n")})
        self._changed(tracer)

    def _watch(self, tracer: Tracer) -> None:
        if tracer.text >= 0 and tracer not in self._paused:
            self._loop.on_readable(tracer.text, partial(self._read, tracer))

    def _read(self, tracer: Tracer) -> None:
        """Take all that is there, and what comes next when there may be more of it."""
        if tracer.text < 0 or tracer in self._paused:
            return
        while not self._line.is_full:
            text = read_some(tracer.text, _PIECE)
            if text is None:
                self._loop.on_readable(tracer.text, None)
                self._loop.after(_GATHERS_S, partial(self._watch, tracer))
                return
            if not text:
                tracer.text = self._close(tracer.text)
                self._changed(tracer)
                return
            self._pass_on(tracer, text)
        self._loop.on_readable(tracer.text, None)
        self._paused.append(tracer)

    def _pass_on(self, tracer: Tracer, text: bytes) -> None:
        was_cut = tracer.excerpt.is_cut
        if kept := tracer.excerpt.take(text):
            self._say(tracer, {}, kept)
        if tracer.excerpt.is_cut and not was_cut:
            self._say(tracer, {"cut": True})

    def _say(self, tracer: Tracer, words: Header, body: bytes = b"") -> None:
        header = {"ev": "traced", "program": tracer.program, "t": time.monotonic_ns(), **words}
        if tracer.held is not None:
            tracer.held.append((header, body))
        else:
            self._line.say(header, body)

    def _close(self, descriptor: int) -> int:
        self._loop.on_readable(descriptor, None)
        os.close(descriptor)
        return -1

    def _changed(self, tracer: Tracer) -> None:
        tracer.tell()
        if tracer.is_over and tracer in self._tracers:
            self._tracers.remove(tracer)
