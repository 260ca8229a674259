"""The fixture `lab`: hosts by name, and everything that a step of a scenario can do with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count as counting
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.lab.capture import Capture
from labctl.lab.errors import WrongWords
from labctl.lab.fault import Fault
from labctl.lab.program import ANY_END, Ends, Program, Result, Seconds, result_of
from labctl.lab.words import callers_place, time_of, typed
from labctl.report.failure import program_lines
from labctl.report.look import PLAIN
from labctl.runner.counted import Counts
from labctl.runner.session import seen
from labctl.scenario.problems import did_you_mean, quoted

if TYPE_CHECKING:
    from labctl.check.backend import Host
    from labctl.lab.doing import Doing

Command = str | list[str] | tuple[str, ...]
"""A program and its arguments: a text is split at blanks as in a scenario, a list is taken word for word."""


class Lab(Mapping[str, "Host"]):
    """A lab that stands, for one test or for a module's. `lab["client"]` is testinfra's Host of that host.

    Whatever a method does is a step: it takes the words of a step, waits as one, and fails as one. So it raises
    LabFailure (an AssertionError) when what was expected is not so, LabError when nothing can be said, and WrongWords
    when the words make no sense. Times to wait are 10 s where none is given, times the run's timeout scale. In
    commands, inputs and expected texts `{client.ip}` is a host's address, `{host}` the program's, `{n}` its number.
    """

    def __init__(self, doing: Doing, engine: str) -> None:
        self._doing = doing
        self._testinfra: dict[str, Host] = {}
        self._captures = counting(1)
        self.engine = engine

    def __repr__(self) -> str:
        return f"<Lab of {', '.join(self.hosts)} on {self.engine}>"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the hosts that are up, in the order of compose.yaml or of the marker."""
        session = self._doing.session
        return tuple(host.name for host in session.plan.hosts if host.name not in session.halted)

    @property
    def folder(self) -> Path:
        """Where the lab's records are: `journal.jsonl`, and a folder for each capture."""
        return self._doing.folder

    def addresses(self, host: str) -> tuple[str, ...]:
        """A host's addresses, IPv4 first; of one that is absent or halted, too."""
        plan = self._doing.session.plan
        known = {each.name: each.addresses for each in plan.hosts} | {each.name: each.addresses for each in plan.absent}
        if host not in known:
            raise _unknown(host, known)
        return known[host]

    def what_happened(self) -> str:
        """For a test's failure: the programs that were begun, what they printed, and where the records are."""
        programs = [line for one in self._doing.programs for line in program_lines(seen(one), PLAIN)]
        return "\n".join((*programs, f"records: {self.folder}"))

    def note_failure(self) -> None:
        """The test has failed: that some fault did not come about is no more of interest."""
        self._doing.has_failed = True

    def host(self, name: str) -> Host:
        """testinfra's Host of that host: `lab.host("cheerios").socket("tcp://51717").is_listening`."""
        if name not in self.hosts:
            raise _unknown(name, self.hosts)
        if name not in self._testinfra:
            from labctl.check.backend import host_of

            self._testinfra[name] = host_of(self._doing.session.conversation, name)
        return self._testinfra[name]

    def __getitem__(self, name: str) -> Host:
        return self.host(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.hosts)

    def __len__(self) -> int:
        return len(self.hosts)

    def start(
        self,
        on: str,
        command: Command,
        *,
        name: str | None = None,
        ready: str | Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        timeout: Seconds | None = None,
    ) -> Program:
        """Start a program in a window (a terminal) of its own; it goes on running.

        Over when it executes, or with `ready` when one of its sockets listens there (`"tcp 51717"`; `"tcp"`: at any
        port), or its state is so (`{"blocked": "accept"}`, `{"output": "ready"}`). LabFailure when it ends before that.
        """
        __tracebackhide__ = True
        self._demand_one(on, "start_all")
        words = {"name": name, "ready": ready, "env": env, "timeout": time_of(timeout)}
        return Program(self._doing, *self._doing.do(on=on, start=_words(command), **words))

    def start_all(
        self,
        on: str,
        command: Command,
        *,
        count: int | None = None,
        name: str | None = None,
        ready: str | Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        timeout: Seconds | None = None,
    ) -> tuple[Program, ...]:
        """The same `count` times, and on each host of a counted name, all at once: they are called NAME-1 … NAME-N."""
        __tracebackhide__ = True
        words = {"name": name, "ready": ready, "env": env, "timeout": time_of(timeout), "count": count}
        return tuple(Program(self._doing, one) for one in self._doing.do(on=on, start=_words(command), **words))

    def run(
        self,
        on: str,
        command: Command,
        *,
        stdin: str | bytes = "",
        name: str | None = None,
        expect: Ends | None = None,
        env: Mapping[str, str] | None = None,
        timeout: Seconds | None = None,
    ) -> Result:
        """Run a program to its end with `stdin` as its whole input, through pipes, and give what came of it.

        A text gets its newline if it has none; bytes are taken as they are. Any end is right unless there is an
        `expect`, which is that of a step: `expect={"exit": 1, "stderr": "in use"}`. LabFailure when it ends otherwise,
        can't be started, or takes longer than `timeout` (then it is killed).
        """
        __tracebackhide__ = True
        self._demand_one(on, "run_all")
        words = {"name": name, "expect": expect or ANY_END, "env": env, "timeout": time_of(timeout)}
        return result_of(*self._doing.do(on=on, run=_words(command), stdin=typed(stdin), **words))

    def run_all(
        self,
        on: str,
        command: Command,
        *,
        count: int | None = None,
        stdin: str | bytes = "",
        name: str | None = None,
        expect: Ends | None = None,
        env: Mapping[str, str] | None = None,
        timeout: Seconds | None = None,
    ) -> tuple[Result, ...]:
        """The same `count` times, and on each host of a counted name, all at once."""
        __tracebackhide__ = True
        words = {"name": name, "expect": expect or ANY_END, "env": env, "timeout": time_of(timeout), "count": count}
        return tuple(map(result_of, self._doing.do(on=on, run=_words(command), stdin=typed(stdin), **words)))

    def until(
        self,
        where: str,
        what: str | Mapping[str, object] | None = None,
        *,
        only: str | None = None,
        timeout: Seconds | None = None,
        **state: object,
    ) -> None:
        """Wait until it is so. LabFailure when it isn't within `timeout` (10 s), with what was last seen.

        A port of a host: `until("cheerios", "tcp 51717", waiting=2)`; without a state, until something listens there.
        States: listening, waiting, unread, unacked, overflowed, established, syn_sent, syn_received, fin_wait,
        close_wait, time_wait; a number or `{"min": 1, "max": 9}`. One of testinfra's modules: `until("client",
        {"file": "/tmp/done"}, exists=True)`. A link whose packets are counted: `until("client -> cheerios",
        only="udp 51717", arrived=3)`.
        """
        __tracebackhide__ = True
        subject, on = (where, None) if what is None else (what, where)
        wanted = _state(what, state)
        self._doing.do(wait=subject, on=on, only=only, until=wanted, timeout=time_of(timeout))

    def check(
        self,
        where: str,
        what: str | Mapping[str, object] | None = None,
        *,
        only: str | None = None,
        **state: object,
    ) -> None:
        """It is so now: what `until` waits for. Of a link also dropped=[2, 4], retransmitted, resets; and within a
        capture order=["-> SYN", "<- SYN-ACK", "-> ACK"], judged at its end. LabFailure."""
        __tracebackhide__ = True
        subject, on = (where, None) if what is None else (what, where)
        self._doing.do(check=subject, on=on, only=only, expect=_state(what, state))

    def link(self, link: str, *, only: str | None = None, **faults: object) -> None:
        """From here on the link `A -> B` (or `A <-> B`, or `any`) does so, to `only` these packets (`udp 51717`).

        Faults and their values are those of a `link` step: drop=[2, 4] or "20%" or {"first": 3}, duplicate, corrupt,
        reorder, delay="40ms", jitter, rate="1mbit", queue, cut="silent", burst, hold, visible, seed.
        """
        __tracebackhide__ = True
        self._doing.do(link=link, only=only, **faults)

    def heal(self, link: str = "all") -> None:
        """Take away what `link` and `fault` put there. LabError if some of it did not come about."""
        __tracebackhide__ = True
        self._doing.do(heal=link)

    def fault(self, link: str, *, only: str | None = None, **faults: object) -> Fault:
        """For a while: `with lab.fault("client -> cheerios", only="udp 51717", drop=[2, 4]) as fault:`."""
        return Fault(self._doing, link, only, faults)

    def count(self, link: str, *, only: str | None = None) -> None:
        """Count packets on a link from now on, for `counts`, `check` and `until`. A fault there counts them, too."""
        __tracebackhide__ = True
        self._doing.count(link, only)

    def counts(self, link: str, *, only: str | None = None) -> Counts:
        """What was counted there since the last fault, else since `count`: sent, arrived, dropped, retransmitted,
        resets, and in `lost` the numbers of lost packets by their sender. WrongWords where nothing is counted."""
        __tracebackhide__ = True
        return self._doing.counts(link, only)

    def halt(self, host: str) -> None:
        """Take a host down as if its power were cut: no goodbye leaves it, and its programs are lost."""
        __tracebackhide__ = True
        self._doing.do(halt=host)

    def capture(self) -> Capture:
        """Record for a while: `with lab.capture() as capture:`, packets of all hosts, and the calls of programs that
        are begun in it."""
        return Capture(self._doing, self.folder / f"capture-{next(self._captures)}")

    def _demand_one(self, on: str, instead: str) -> None:
        __tracebackhide__ = True
        hosts = self._doing.session.hosts.get(on, (on,))
        if hosts != (on,):
            message = f"{callers_place()}: '{on}' is {len(hosts)} hosts, from {hosts[0]} on"
            raise WrongWords(f"{message}; name one of them, or call `{instead}`")


def _words(command: Command) -> Any:  # Any: a text or a list of words, as the language takes both
    return command if isinstance(command, str) else list(command)


def _state(what: object, state: dict[str, object]) -> dict[str, object] | None:
    """The words of a state. Those of the kernel have a dash where Python has none."""
    if isinstance(what, Mapping):
        return state
    return {name.replace("_", "-"): value for name, value in state.items()} or None


def _unknown(host: str, known: Mapping[str, object] | tuple[str, ...]) -> WrongWords:
    return WrongWords(
        f"{callers_place()}: no host is called {quoted(host)}; {did_you_mean(host, known, kinds='hosts')}"
    )
