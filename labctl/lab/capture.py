"""A while in a lab -> its record: packets at every host, system calls of the programs begun in it, and the story."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from labctl.hosts.conversation import LabBroke
from labctl.lab.errors import INTERRUPTS, LabError, WrongWords
from labctl.observe.names import CAPTURE, JOURNAL, PAGE, PLAN
from labctl.observe.story import CallSeen, PacketSeen, Story
from labctl.runner.facts import networks_of
from labctl.runner.recording import Recording

if TYPE_CHECKING:
    from labctl.lab.doing import Doing


class Capture:
    """What `with lab.capture() as capture:` gives. The record is whole once that is left; before, there is none.

    `folder` holds it: `pcapng` for Wireshark, what strace wrote, and a copy of the lab's journal by then.
    `missing`: what could not be recorded, in words.
    """

    def __init__(self, doing: Doing, folder: Path) -> None:
        self._doing = doing
        self._story: Story | None = None
        self._since_ns = 0
        self._over: frozenset[str] = frozenset()
        self.folder = folder
        self.missing: list[str] = []

    @property
    def pcapng(self) -> Path:
        """The capture of all hosts, in the order of time."""
        return self.folder / CAPTURE

    @property
    def story(self) -> Story:
        """All that was recorded, joined and in order. LabError as long as it goes on."""
        __tracebackhide__ = True
        if self._story is None:
            raise LabError("the record is not whole yet; look at it after the `with` of its capture")
        return self._story

    @property
    def packets(self) -> tuple[PacketSeen, ...]:
        """The packets, in the order in which they left; ARP and neighbour discovery too."""
        __tracebackhide__ = True
        return self.story.packets

    @property
    def calls(self) -> tuple[CallSeen, ...]:
        """The system calls of the programs that were begun meanwhile, in the order in which they began."""
        __tracebackhide__ = True
        return self.story.calls

    def ladder(self, *, width: int = 100, everything: bool = False) -> str:
        """The lines that `labctl show` would print: packets and calls, time runs down. `width` in columns."""
        __tracebackhide__ = True
        from labctl.report.ladder.page import choice_of, told_bare
        from labctl.report.look import PLAIN

        choice = choice_of(only=None, everything=everything, width=width)
        return "\n".join(told_bare(self.story, choice, PLAIN, width=width)) + "\n"

    def page(self) -> Path:
        """The same as a page for a browser, written to the capture's folder."""
        __tracebackhide__ = True
        from labctl.report.html.page import page

        path = self.folder / PAGE
        path.write_text(page([self.story], capture=CAPTURE if self.pcapng.exists() else None), encoding="utf-8")
        return path

    def __enter__(self) -> Capture:
        __tracebackhide__ = True
        doing = self._doing
        doing.demand_whole()
        if doing.recording is not None:
            raise WrongWords("a capture goes on already in this lab; use that one")
        self.folder.mkdir()
        doing.hear()
        conversation = doing.session.conversation
        self._since_ns = time.monotonic_ns()
        self._over = frozenset(key for (_, key), program in conversation.programs.items() if program.has_ended)
        hosts = [host.name for host in doing.session.plan.hosts if host.name not in doing.session.halted]
        recording = Recording(
            self.folder,
            conversation,
            hosts,
            networks_of(doing.session.plan),
            calls=True,
            packets=True,
            not_recorded=self._miss,
        )
        doing.begin_record(recording)
        with ExitStack() as undo:
            undo.callback(self._let_go, recording)
            try:
                recording.begin(doing.lab.attend)
            except LabBroke as error:
                raise doing.broke(error) from error
            undo.pop_all()
        return self

    def _let_go(self, recording: Recording) -> None:
        recording.close()
        self._doing.recording = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        doing = self._doing
        recording = doing.recording
        assert recording is not None
        try:
            if isinstance(error, INTERRUPTS):
                return
            recording.end()
            recording.leave()
            self._finish()
            if error is None:
                doing.judge()
        except LabBroke as broken:
            failure = doing.broke(broken)
            if error is None:  # else what went wrong first is what is told
                raise failure from broken
        finally:
            self._let_go(recording)

    def _finish(self) -> None:
        from labctl.runner.finishing import finish

        shutil.copyfile(self._doing.folder / PLAN, self.folder / PLAN)
        lines = (self._doing.folder / JOURNAL).read_bytes().splitlines(keepends=True)
        (self.folder / JOURNAL).write_bytes(b"".join(line for line in lines if self._is_of_it(line)))
        self._story = finish(self.folder, verdict="", reason="")

    def _is_of_it(self, line: bytes) -> bool:
        """Whether a line of the lab's journal has to do with it: no step and no program that was over before."""
        said = json.loads(line)
        if said["event"] in ("step-began", "step-ended"):
            return bool(said["t"] >= self._since_ns)
        return said.get("program") not in self._over

    def _miss(self, what: str) -> None:
        self.missing.append(what)
        self._doing.narration.not_recorded(what)
