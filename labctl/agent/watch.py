"""What programs print and how they end -> frames to labctl, each once and in order.

`output` pieces come as they are printed; `ended` comes after all that the program had printed; `gone` when its
last descendant is gone, and all of its trace is said. Nothing is said of a program before its start is answered.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from labctl.agent.line import Line
from labctl.agent.loop import Loop
from labctl.agent.nurseries import Nurseries
from labctl.agent.processes import process_of, processes
from labctl.agent.programs import Program, Stream
from labctl.agent.tracer import Tracer
from labctl.agent.tracing import Tracing

_LOOK_AGAIN_S = 0.02


class Watch:
    """Watches every program of this host."""

    def __init__(
        self, loop: Loop, line: Line, nurseries: Nurseries, tracing: Tracing, on_change: Callable[[], None]
    ) -> None:
        self._loop, self._line, self._nurseries, self._tracing = loop, line, nurseries, tracing
        self._on_change = on_change
        self._programs: list[Program] = []
        self._paused: list[tuple[Program, Stream]] = []

    def begin(self, program: Program, on_executes: Callable[[], None]) -> None:
        """Watch a program; `on_executes` is called once, when it executes or is known never to."""
        self._programs.append(program)
        self._await_execution(program, on_executes)

    def _await_execution(self, program: Program, on_executes: Callable[[], None]) -> None:
        self._loop.on_readable(program.executes, lambda: self._executes(program, on_executes))
        tracer = program.tracer
        if tracer is not None:
            tracer.when_over(lambda: self._trace_ended(program, tracer))

    def resume(self) -> None:
        """Labctl has taken what waited: read on."""
        paused, self._paused = self._paused, []
        for program, stream in paused:
            self._watch_stream(program, stream)

    def others(self, program: Program) -> set[int]:
        """The agent's own children that are none of an orphaned program's: keepers, tracers, other such programs."""
        orphans = {one.pid for one in self._programs if one.is_orphaned and one is not program}
        return self._keepers() | self._tracing.pids() | orphans

    def on_child(self, pid: int, status: int) -> None:
        """A child of the agent's own has ended or was stopped. A program whose keeper was killed ends like this.

        A keeper or a tracer that a program has stopped goes on.
        """
        if self._tracing.on_child(pid, status):
            return
        if os.WIFSTOPPED(status):
            if pid in self._keepers():
                os.kill(pid, signal.SIGCONT)
            return
        for program in self._programs:
            if program.pid == pid and program.status is None:
                program.status, program.ended_ns = status, time.monotonic_ns()
                if program.is_orphaned:
                    self._orphan_ended(program)
                self._on_change()
                return

    def _keepers(self) -> set[int]:
        return self._nurseries.pids() | {one.keeper for one in self._programs if not one.is_orphaned}

    def _executes(self, program: Program, on_executes: Callable[[], None]) -> None:
        self._loop.on_readable(program.executes, None)
        os.close(program.executes)
        program.read_report()
        if program.begin_again(self._nurseries.one_for(aside=program.order.aside)):
            self._await_execution(program, on_executes)
            return
        program.let_go()
        on_executes()
        if program.tracer is not None:
            self._tracing.let_in(program.tracer)
        for stream in program.streams:
            self._watch_stream(program, stream)
        self._loop.on_readable(program.report, lambda: self._reports(program))
        self._reports(program)

    def _reports(self, program: Program) -> None:
        is_open = program.read_report()
        if program.status is not None and not program.failure:
            self._say_end(program)
        if not is_open:
            self._loop.on_readable(program.report, None)
            self._keeper_ended(program)
        self._on_change()

    def _keeper_ended(self, program: Program) -> None:
        """The last descendant is gone; or a program killed the keeper, and that is still to come."""
        if program.family_is_gone or program.failure:
            self._finish(program)
            return
        program.is_orphaned = True
        if program.status is None and process_of(program.pid) is None:
            program.status, program.ended_ns = signal.SIGKILL, time.monotonic_ns()
        if program.status is not None:
            self._orphan_ended(program)

    def _orphan_ended(self, program: Program) -> None:
        self._say_end(program)
        self._finish_orphan(program)

    def _finish_orphan(self, program: Program) -> None:
        """Nobody tells when the last descendant of an orphaned program is gone: look now and then."""
        if program.family(processes(), self.others(program)):
            self._loop.after(_LOOK_AGAIN_S, lambda: self._finish_orphan(program))
        else:
            self._finish(program)
            self._on_change()

    def _say_end(self, program: Program) -> None:
        if program.end_is_said:
            return
        program.end_is_said = True
        self._drain(program)
        status = program.status or 0
        self._line.say(
            {
                "ev": "ended",
                "program": program.order.program,
                "status": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                "t": program.ended_ns,
                "limit": program.limit,
                "doing": program.doing,
            }
        )
        self._nurseries.refill()

    def _trace_ended(self, program: Program, tracer: Tracer) -> None:
        """That is the end of the trace. Whoever still runs was not traced, or isn't any more."""
        if program.tracer is not tracer:
            return
        reason = tracer.failure
        if not reason and program.family(processes(), self.others(program)):
            reason = "some of its processes are not traced"
        if reason:
            self._tracing.say_broken(tracer, reason)
        if program.awaits_trace:
            self._finish(program)
            self._on_change()

    def _finish(self, program: Program) -> None:
        tracer = program.tracer
        if tracer is not None and not tracer.is_over and not program.failure:
            program.awaits_trace = True
            self._tracing.hurry(tracer)
            return
        self._drain(program)
        for stream in program.streams:
            self._loop.on_readable(stream.descriptor, None)
        if program.stdin in self._loop:
            self._loop.on_writable(program.stdin, None)
        program.close()
        program.is_gone = True
        self._programs.remove(program)
        self._paused = [pair for pair in self._paused if pair[0] is not program]
        if not program.failure:
            self._line.say({"ev": "gone", "program": program.order.program})

    def _watch_stream(self, program: Program, stream: Stream) -> None:
        self._loop.on_readable(stream.descriptor, lambda: self._prints(program, stream))

    def _prints(self, program: Program, stream: Stream) -> None:
        if self._line.is_full:
            self._loop.on_readable(stream.descriptor, None)
            self._paused.append((program, stream))
        elif self._say_output(program, stream):
            self._on_change()

    def _drain(self, program: Program) -> None:
        """Say all that is there now; at most the cap, so a descendant that prints on and on can't hold us up."""
        for stream in program.streams:
            while self._say_output(program, stream):
                pass

    def _say_output(self, program: Program, stream: Stream) -> bool:
        """Pass a piece on. False when there is no more now."""
        was_cut = stream.is_cut
        data = stream.read()
        words = {"program": program.order.program, "stream": stream.name, "t": time.monotonic_ns()}
        if data:
            self._line.say({"ev": "output", **words}, data)
        elif data == b"":
            self._loop.on_readable(stream.descriptor, None)
        if stream.is_cut and not was_cut:
            self._line.say({"ev": "cut", **words})
        return bool(data)
