"""An engine and a plan -> a lab that stands until it is given back, whatever interrupts whoever has it.

A lab comes and goes on a thread of its own: on namespaces it dies with the thread that made it, and an interrupt, which
comes to the main thread, can't come into the midst of either.
"""

from __future__ import annotations

import os
import select
import threading
from contextlib import ExitStack
from pathlib import Path

from labctl.engine.contract import Engine, Lab, Say
from labctl.hosts.conversation import Cancelled
from labctl.plan.model import Plan


class Standing:
    """One lab on its thread."""

    def __init__(self, engine: Engine, plan: Plan, name: str, folder: Path, say: Say) -> None:
        self._engine, self._plan, self._name, self._folder, self._say = engine, plan, name, folder, say
        self._is_up, self._comes_up = os.pipe()
        self._ends, self._end = os.pipe()
        self._is_over = False
        self._is_given_back = False
        self._lab: Lab | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._be, name=f"lab-{name}", daemon=True)

    def up(self) -> Lab:
        """The lab. EngineError and what else kept it from coming up; after an interrupt nothing of it is left."""
        with ExitStack() as undo:
            undo.callback(self.down)
            self._thread.start()
            select.select([self._is_up], [], [])
            if self._lab is None:
                raise self._error or Cancelled
            undo.pop_all()
        return self._lab

    def down(self) -> None:
        """Give it back; on return it is gone. EngineError if it could not be removed. May be called twice.

        An interrupt meanwhile goes through after that.
        """
        interrupt: BaseException | None = None
        if self._is_over:
            return
        while True:
            try:
                if not self._is_given_back:
                    self._is_given_back = True
                    os.write(self._end, b"!")
                if self._thread.ident is not None:
                    self._thread.join()
                break
            except BaseException as error:  # until it is gone nothing else is to be done
                interrupt = interrupt or error
        self._is_over = True
        for descriptor in (self._is_up, self._comes_up, self._ends, self._end):
            os.close(descriptor)
        if interrupt is not None:
            raise interrupt
        if self._lab is not None and self._error is not None:
            raise self._error

    def _be(self) -> None:
        try:
            try:
                self._engine.prepare(self._plan, self._tell)
                self._lab = self._engine.up(self._plan, lab=self._name, folder=self._folder, say=self._tell)
            finally:
                os.write(self._comes_up, b"!")
            select.select([self._ends], [], [])
            self._lab.down()
        except BaseException as error:  # it is told to whoever waits
            self._error = error

    def _tell(self, words: str) -> None:
        if self._is_given_back:
            raise Cancelled
        self._say(words)
