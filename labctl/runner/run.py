"""Jobs -> their outcomes: some at the same time, the next lab coming up while the last one's steps run."""

from __future__ import annotations

import _thread
import os
import select
import threading
from collections.abc import Sequence

from msgspec.structs import replace

from labctl.engine.contract import Engine
from labctl.hosts.conversation import Cancelled
from labctl.runner.events import Listener
from labctl.runner.job import Job, Options
from labctl.runner.outcome import ScenarioOutcome
from labctl.runner.scenario_run import ScenarioRun
from labctl.runner.waking import Waking, waking

__all__ = ["Job", "Options", "run_all"]


def run_all(jobs: Sequence[Job], engine: Engine, options: Options, listener: Listener) -> list[ScenarioOutcome]:
    """Run every job and tear every lab down, whatever happens. Outcomes in the order of the jobs.

    KeyboardInterrupt (and SystemExit from a signal's handler) goes through, after every lab is down.
    """
    runs = _Runs(jobs, engine, options, listener)
    try:
        with waking() as awake:
            return runs.all(awake)
    finally:
        runs.close()


class _Turns:
    """Lets so many run their steps at the same time, in the order of their keys."""

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._next = 0
        self._change = threading.Condition()
        self._is_over = False

    def take(self, key: int) -> None:
        """Wait until it is this one's turn. Cancelled when there is none any more."""
        with self._change:
            self._change.wait_for(lambda: self._is_over or (self._next == key and self._seats > 0))
            if self._is_over:
                raise Cancelled
            self._seats -= 1
            self._next += 1
            self._change.notify_all()

    def give_back(self) -> None:
        """The steps are over; the lab may still come down."""
        with self._change:
            self._seats += 1
            self._change.notify_all()

    def end(self) -> None:
        """Nobody gets a turn any more."""
        with self._change:
            self._is_over = True
            self._change.notify_all()


class _Runs:
    """A run of jobs on worker threads. One worker more than jobs at a time: it brings up the next lab."""

    def __init__(self, jobs: Sequence[Job], engine: Engine, options: Options, listener: Listener) -> None:
        self._jobs, self._engine, self._options = jobs, engine, options
        self._listener = listener
        self._outcomes: dict[int, ScenarioOutcome] = {}
        self._failure: BaseException | None = None
        self._waiting = list(enumerate(jobs))
        self._turns = _Turns(max(1, options.jobs))
        self._guard = threading.Lock()
        self._stops = False
        self._cancelled, self._cancels = os.pipe()
        self._begins = threading.Lock()
        self._has_begun = self._is_over = False
        self._over, self._ends = os.pipe()

    def all(self, awake: Waking) -> list[ScenarioOutcome]:
        """Every outcome; those that were never begun are missing.

        An interrupt may come between any two instructions here. So here nothing is held: everything else is done on
        threads, which are told that they are cancelled where they can bear it.
        """
        while not self._is_over:
            try:
                self._sit_out(awake)
            except BaseException as error:  # a second interrupt came while the first one was told
                self._failure = self._failure or error
        if self._failure is not None:
            raise self._failure
        return [outcome for _, outcome in sorted(self._outcomes.items())]

    def _sit_out(self, awake: Waking) -> None:
        """Begin, and wait for the end; on an interrupt tell all to stop, and go on waiting."""
        while not self._is_over:
            try:
                if self._failure is not None:
                    self._cancel(self._failure)
                if not self._has_begun:
                    self._begin()
                awake.wait(self._over)
            except BaseException as error:  # an interrupt, or no thread could be had: it is raised when all is over
                self._failure = self._failure or error

    def _begin(self) -> None:
        """On a thread. Where none can be had it is over, with that error."""
        try:
            _thread.start_new_thread(self._be_all, ())
        except RuntimeError:
            self._is_over = True
            raise
        self._has_begun = True

    def fileno(self) -> int:
        """Readable once the run is cancelled."""
        return self._cancelled

    def close(self) -> None:
        """After everything is down."""
        for descriptor in (self._cancelled, self._cancels, self._over, self._ends):
            os.close(descriptor)

    def _be_all(self) -> None:
        """Do all the work, and say when it is over. Whoever isn't sure that this has begun may begin it again."""
        if not self._begins.acquire(blocking=False):
            return
        waiter = threading.Thread(target=self._end_turns_when_cancelled)
        try:
            waiter.start()
            if len(self._jobs) == 1:
                self._work()
            else:
                self._work_on_threads(min(len(self._jobs), self._options.jobs + 1))
        except BaseException as error:  # all: on this thread nobody else would hear of it
            self._cancel(error)
        finally:
            os.write(self._cancels, b"!")
            if waiter.ident is not None:
                waiter.join()
            os.write(self._ends, b"!")
            self._is_over = True

    def _end_turns_when_cancelled(self) -> None:
        """Not by whoever cancels: an interrupt may come to that one while it holds what the turns are guarded by."""
        select.select([self._cancelled], [], [])
        self._turns.end()

    def _work_on_threads(self, count: int) -> None:
        begun: list[threading.Thread] = []
        try:
            for number in range(count):
                thread = threading.Thread(target=self._work, name=f"lab-{number}")
                thread.start()
                begun.append(thread)
        except RuntimeError:  # no more can be had: those that are there do it all
            if not begun:
                raise
        finally:
            for thread in begun:
                thread.join()

    def _work(self) -> None:
        """Take jobs until there are none. The thread lives as long as the run: labs die with the one that made them."""
        while (taken := self._take()) is not None:
            key, job = taken
            try:
                self._run(key, job)
            except Cancelled:
                return
            except BaseException as error:  # an error of ours: every other lab must come down
                self._cancel(error)
                return

    def _run(self, key: int, job: Job) -> None:
        has_turn = False

        def turn() -> None:
            nonlocal has_turn
            self._turns.take(key)
            has_turn = True

        def done(is_well: bool) -> None:
            if self._options.stop_at_first and not is_well:
                self._stops = True
                self._turns.end()
            elif has_turn:
                self._turns.give_back()

        scenario = ScenarioRun(key, job, self._engine, self._options, self._listener)
        outcome = scenario.run(self, turn, done)
        self._outcomes[key] = replace(outcome, steps=()) if self._options.forgets else outcome

    def _take(self) -> tuple[int, Job] | None:
        with self._guard:
            return self._waiting.pop(0) if self._waiting and not self._stops else None

    def _cancel(self, error: BaseException) -> None:
        """Tell all to stop, because of that. May be called again."""
        self._failure = self._failure or error
        self._stops = True
        os.write(self._cancels, b"!")
