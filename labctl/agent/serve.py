"""Frames from labctl -> programs on this host, and what becomes of them -> frames to labctl.

Requests carry `do` and `id`; each gets one reply with `re`. What happens by itself comes as `ev`: `hello`,
`output` (the piece is the body), `cut`, `traced` (labctl.agent.tracing), `ended` (the program's own end, its output
before it), `gone` (its last descendant's end, its trace before it). Times are CLOCK_MONOTONIC in nanoseconds.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import time
from typing import Any

from labctl.agent.awaiting import Awaiting
from labctl.agent.descriptors import have_all_there_may_be
from labctl.agent.ending import Ending
from labctl.agent.frames import Header, encode
from labctl.agent.last_words import last_words
from labctl.agent.line import Line
from labctl.agent.look import Looker, port_from
from labctl.agent.loop import Loop, offset_ns
from labctl.agent.nurseries import Nurseries
from labctl.agent.programs import NotStarted, Order, Program, names_on
from labctl.agent.settings import Settings, in_force, settings_from
from labctl.agent.sockets import sockets
from labctl.agent.tracing import Tracing
from labctl.agent.watch import Watch

_KILL_AGAIN_S = 0.02
_GO_ON_WITHIN_S = 10.0
_BEGINS_WITHIN_S = 10.0
_REFILL_AFTER_S = 0.01  # so that a short program's end is told first
_NOT_EXECUTABLE = (errno.ENOENT, errno.ENOEXEC, errno.EACCES)


class Agent:
    """One host's agent: one loop, many programs."""

    def __init__(self, settings: Settings, come: int, go: int) -> None:
        self._settings = settings
        self._loop = Loop()
        self._programs: dict[str, Program] = {}
        self._line = Line(self._loop, come, go, on_frame=self._on_frame, on_empty=self._on_empty)
        self._tracing = Tracing(self._loop, self._line, settings.acts_as)
        self._looker = Looker(settings.acts_as)
        self._awaiting = Awaiting(self._loop, self._looker)
        self._nurseries = Nurseries(settings.how, self._tracing, self._awaiting, self._answer)
        self._watch = Watch(self._loop, self._line, self._nurseries, self._tracing, self._awaiting.look_again)
        self._ending = Ending(settings.acts_as)
        self._lets_go_on = False
        self._requests = {
            "start": self._start,
            "feed": self._feed,
            "signal": self._signal,
            "kill": self._kill,
            "await": self._await,
            "glance": self._glance,
            "sockets": self._sockets,
            "resize": self._resize,
            "forget": self._forget,
            "bye": self._bye,
            **self._nurseries.requests,
        }

    def serve(self) -> None:
        """Say hello, then answer until labctl says goodbye or is gone."""
        self._reap_orphans()
        self._line.say(
            {
                "ev": "hello",
                "host": self._settings.host,
                "python": sys.version.split()[0],
                "pid": os.getpid(),
                "offset_ns": offset_ns(),
                "in_force": in_force(self._settings.how, self._settings.asked),
            }
        )
        self._nurseries.refill()
        gc.freeze()  # what is there now is copied with every fork; don't touch it
        gc.enable()  # whoever started us did without while modules were imported
        self._loop.run()

    def _reap_orphans(self) -> None:
        """As the first process of a host, reap what nobody else waits for; hear of stopped keepers, too."""
        come, go = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(go, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

        def reap() -> None:
            os.read(come, 4096)
            try:
                while (ended := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
                    self._watch.on_child(*ended)
            except ChildProcessError:
                return

        self._loop.on_readable(come, reap)

    def _on_empty(self) -> None:
        self._watch.resume()
        self._tracing.resume()

    def _on_frame(self, header: Header, body: bytes) -> None:
        request = self._requests.get(header.get("do", ""))
        if request is None:
            self._answer(header, error="unknown", detail=str(header.get("do")))
        else:
            request(header, body)

    def _answer(self, header: Header, **words: Any) -> None:
        self._line.say({"re": header.get("id"), "t": time.monotonic_ns(), **words})

    def _program(self, header: Header) -> Program | None:
        program = self._programs.get(header["program"])
        if program is None:
            self._answer(header, error="no-program", detail=header["program"])
        return program

    def _start(self, header: Header, body: bytes) -> None:
        order = Order(
            program=header["program"],
            words=header["words"],
            environment=self._settings.environment | header.get("environment", {}),
            directory=self._settings.directory,
            window=header.get("window", False),
            interactive=header.get("interactive", False),
            output_cap=header["output_cap"],
            aside=header.get("aside", False),
        )
        try:
            program = Program(order, self._nurseries.one_for(aside=order.aside), self._settings.acts_as)
        except NotStarted as error:
            names = names_on(order.environment["PATH"]) if error.reason == "not-found" else []
            self._answer(header, error=error.reason, detail=order.words[0], known=names)
            return
        except OSError as error:
            self._answer(header, error="failed", detail=str(error))
            return
        self._programs[order.program] = program
        self._watch.begin(program, lambda: self._on_executes(header, program))
        program.input += body
        program.input_ends = not (order.window or order.interactive or header.get("more", False))
        self._give_input(program)
        if header.get("seconds") is not None:
            self._loop.after(header["seconds"] + _BEGINS_WITHIN_S, lambda: self._at_limit(program))

    def _on_executes(self, header: Header, program: Program) -> None:
        if not program.failure:
            program.started_ns = program.started_ns or program.ended_ns or time.monotonic_ns()  # killed before it began
            self._answer(header, ok=True, pid=program.pid, started=program.started_ns)
            self._loop.after(_REFILL_AFTER_S, self._nurseries.refill)
            if header.get("seconds") is not None:  # its time begins when it does, however busy the machine is
                self._loop.after(header["seconds"], lambda: self._at_limit(program))
            return
        number, _, detail = program.failure.decode("utf-8", "replace").partition(" ")
        del self._programs[program.order.program]
        reason = "not-executable" if int(number) in _NOT_EXECUTABLE else "failed"
        self._answer(header, error=reason, detail=detail)

    def _feed(self, header: Header, body: bytes) -> None:
        program = self._program(header)
        if program is None:
            return
        if program.status is not None:
            self._answer(header, error="ended")
            return
        program.feeds.append(header)
        program.input += body
        program.input_ends = program.input_ends or header.get("end", False)
        self._give_input(program)

    def _give_input(self, program: Program) -> None:
        if program.stdin >= 0:
            if not program.write_input():
                self._loop.on_writable(program.stdin, lambda: self._give_input(program))
                return
            if program.stdin in self._loop:
                self._loop.on_writable(program.stdin, None)
            if program.input_ends:
                program.close_input()
        for header in program.feeds:
            self._answer(header, ok=True)
        program.feeds.clear()

    def _signal(self, header: Header, _: bytes) -> None:
        program = self._program(header)
        if program is None:
            return
        number = int(header["signal"])
        try:
            program.signal(number)
        except ProcessLookupError:
            self._answer(header, error="ended")
            return
        self._awaiting.until(
            lambda: self._looker.has_taken(program, number),
            header.get("seconds", 10.0),
            lambda taken: self._answer(header, ok=taken),
        )

    def _at_limit(self, program: Program) -> None:
        if program.status is None:
            program.limit = "time"
            program.doing = self._looker.last_calls(program)
            self._ending.kill_at_once(program, self._watch.others(program))
            self._let_go_on()
            self._kill_all(program)

    def _kill_all(self, program: Program) -> None:
        if not program.is_gone:
            self._ending.kill(program, self._watch.others(program))
            self._let_go_on()
            self._loop.after(_KILL_AGAIN_S, lambda: self._kill_all(program))

    def _let_go_on(self) -> None:
        """See to it that whoever was stopped on the way goes on, however long that takes."""
        if self._ending.holds_any and not self._lets_go_on:
            self._lets_go_on = True
            self._awaiting.until(self._ending.let_go_on, _GO_ON_WITHIN_S, self._have_gone_on)

    def _have_gone_on(self, all_have: bool) -> None:
        self._lets_go_on = False
        if not all_have:
            self._ending.insist()
            self._let_go_on()

    def _kill(self, header: Header, _: bytes) -> None:
        program = self._program(header)
        if program is not None:
            self._kill_all(program)
            self._answer(header, ok=True)

    def _await(self, header: Header, _: bytes) -> None:
        wanted, seconds = header["wanted"], header["seconds"]
        program = self._programs.get(header.get("program", ""))
        if "port" in header:
            port = port_from(header["port"])
            self._awaiting.state(
                wanted, seconds, program, lambda: self._looker.at_port(port, program), header, self._answer
            )
        elif program is not None:
            self._awaiting.state(
                wanted, seconds, program, lambda: self._looker.at_program(program, wanted), header, self._answer
            )
        else:
            self._answer(header, error="no-program", detail=header.get("program", ""))

    def _glance(self, header: Header, _: bytes) -> None:
        program = self._program(header)
        if program is not None:
            self._answer(header, ok=True, seen=self._looker.glance(program))

    def _sockets(self, header: Header, _: bytes) -> None:
        self._answer(header, ok=True, sockets=[list(one) for one in sockets(header["protocol"])])

    def _resize(self, header: Header, _: bytes) -> None:
        program = self._program(header)
        if program is not None:
            program.resize(int(header["rows"]), int(header["columns"]))
            self._answer(header, ok=True)

    def _forget(self, header: Header, _: bytes) -> None:
        """End every program that is left, so that a standing lab can be used again."""
        for program in self._programs.values():
            self._kill_all(program)
        self._answer(header, ok=True)

    def _bye(self, header: Header, _: bytes) -> None:
        self._answer(header, ok=True)
        self._line.flush()
        self._loop.stop()


def main(values: dict[str, Any], come: int = 0, go: int = 1) -> None:
    """Be the agent on these descriptors until the channel ends. What breaks it is its last word (`ev: broken`)."""
    try:
        settings = settings_from(values)
        for path, text in settings.files.items():
            with open(path, "w") as file:
                file.write(text)
        os.umask(0o022)
        have_all_there_may_be()
        Agent(settings, come, go).serve()
    except Exception as error:  # an agent that dies in silence would look like a lab that lost its host
        os.set_blocking(go, True)
        os.write(go, encode({"ev": "broken", "detail": last_words(error)}))
