"""`labctl run` on ground that breaks under it -> what came of it, and what of that must not be.

Whatever breaks: it ends within a deadline, with exit code 3 and in words, or with 0 where all had been done before; no
process of its is left; and on whole ground the same scenario passes afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from labctl.agent.kernel import prctl
from tests.contract.waiting import until

TOP = Path(__file__).parents[3]
JOURNALS = ".labctl/runs/*/journal.jsonl"
HINDSIGHT_S = 0.3
"""So long after a break a step may end by what had come before it."""
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_GONE_WITHIN_S = 10.0
_WHOLE_WITHIN_S = 60.0
_SCENARIO = """\
about: What takes a second, and has a part in everything that labctl does.
hosts: {cheerios: {}, client: {}}
steps:
  - on: cheerios
    start: server 51717
    ready: tcp 51717
  - link: client -> cheerios
    delay: 100ms
  - on: client
    run: client cheerios 51717
    stdin: hello
    expect: {stdout: I got your message}
  - wait: server
    expect: {stdout: "Here is the message: hello"}
  - heal: all
  - on: cheerios
    check: {socket: "tcp://0.0.0.0:51717"}
    expect: {is_listening: false}
"""


class Ground(Struct, frozen=True, kw_only=True):
    """What a run stands on. `prefix`: words before labctl's own; `before`: done in its process before it executes.

    `known`: children of this process that aren't the run's. `case`: whose time it is. `has_watchdog`: what looks after
    the lab's end may go on until the ground is whole; then ask `left_over`.
    """

    engine: str
    folder: Path
    environment: Mapping[str, str] = {}
    prefix: tuple[str, ...] = ()
    before: Callable[[], None] | None = None
    options: tuple[str, ...] = ()
    known: Callable[[], set[int]] = set
    case: str = ""
    has_watchdog: bool = False


class Ended(Struct, frozen=True, kw_only=True):
    """What came of a run. `code` is None where it didn't end in time.

    `late_steps`: so many ended after the break, in a lab that stood before it. `others`: children of this process that
    were there before.
    """

    code: int | None
    said: str
    took_s: float
    left: tuple[str, ...] = ()
    late_steps: int = 0
    others: frozenset[int] = frozenset()


def scenario_in(folder: Path) -> Path:
    """The scenario, in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.yaml"
    if not path.exists():
        path.write_text(_SCENARIO)
    return path


longest_s: dict[tuple[str, str], float] = {}
"""By engine and case: the longest time from a break to the end of a run, of those that this process has seen."""


def run_labctl(ground: Ground, *, within_s: float, break_it: Callable[[int], None] | None = None) -> Ended:
    """Run the scenario there. `break_it` is told labctl's pid, once it runs. `took_s` counts from the break."""
    scenario = scenario_in(ground.folder)
    words = [sys.executable, "-m", "labctl", "run", "--engine", ground.engine, *ground.options, str(scenario)]
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONPATH": str(TOP),
        **ground.environment,
    }
    others = frozenset(_children(os.getpid()))
    with (
        _orphans_come_here(),
        subprocess.Popen(
            [*ground.prefix, *words],
            cwd="/",
            env={name: text for name, text in environment.items() if text},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=ground.before,
        ) as run,
    ):
        if break_it is not None:
            break_it(run.pid)
        broke_ns = time.monotonic_ns()
        code: int | None = None
        try:
            said, _ = run.communicate(timeout=within_s)
            code = run.returncode
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGABRT)  # it says where it hangs (PYTHONFAULTHANDLER)
            said, _ = run.communicate()
        took_s = (time.monotonic_ns() - broke_ns) / 1e9
        left = () if ground.has_watchdog else left_over(ground, others)
    if ground.case:
        longest_s[ground.engine, ground.case] = max(took_s, longest_s.get((ground.engine, ground.case), 0.0))
    return Ended(
        code=code, said=said, took_s=took_s, left=left, late_steps=_ended_after(ground.folder, broke_ns), others=others
    )


def labctl(ground: Ground, *words: str) -> subprocess.CompletedProcess[str]:
    """Run another command of labctl's on whole ground."""
    environment = {**os.environ, "PYTHONPATH": str(TOP), **ground.environment}
    command = [sys.executable, "-m", "labctl", *words]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=_WHOLE_WITHIN_S)


def complaint(ended: Ended, *, words: Sequence[str], may_pass: str, within_s: float) -> str:
    """What is wrong with how it ended; empty if nothing is.

    `words`: one of them must be said. `may_pass`: `never`, `done` (where all steps had ended by the break) or `always`.
    """
    said = ended.said[-600:]
    if ended.code is None:
        where = ended.said[ended.said.find("Fatal Python error") :]
        return f"not over within {within_s:g} s: {where[:900]}"
    if "Traceback" in ended.said or "mistake of labctl" in ended.said:
        return f"a traceback: {said}"
    if ended.left:
        return f"left: {', '.join(ended.left)}: {said}"
    if ended.code == 0 and may_pass != "never":
        return f"{ended.late_steps} steps ended after the break, and it passed" * (
            may_pass == "done" and ended.late_steps > 0
        )
    if ended.code != 3:
        return f"exit {ended.code}: {said}"
    return "" if any(word in ended.said for word in words) else f"none of {', '.join(words)} is said: {said}"


def whole_again(ground: Ground) -> str:
    """What is wrong with a run of the same on whole ground; empty if it passes and leaves nothing."""
    whole = Ground(engine=ground.engine, folder=ground.folder, environment=ground.environment, known=ground.known)
    ended = run_labctl(whole, within_s=_WHOLE_WITHIN_S)
    if ended.code != 0 or ended.left:
        return f"afterwards: exit {ended.code}, left {', '.join(ended.left) or 'nothing'}: {ended.said[-600:]}"
    return ""


def descendants(pid: int) -> list[tuple[int, int]]:
    """The processes below one, each with how deep it is."""
    found: list[tuple[int, int]] = []
    level, depth = _children(pid), 1
    while level:
        found += [(one, depth) for one in level]
        level, depth = [below for one in level for below in _children(one)], depth + 1
    return found


def has_ended(pid: int) -> bool:
    """Whether a child has, though nobody has buried it yet."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def after(seconds: float) -> None:
    """Let a run go on for a while: its break comes at a random moment."""
    until(lambda: False, within_s=seconds)


def kill(pid: int) -> None:
    """However it is; one that has ended meanwhile is."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def _orphans_come_here() -> Iterator[None]:
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0)


def left_over(ground: Ground, others: frozenset[int]) -> tuple[str, ...]:
    """What of the run's is still there after a while, in words; it is killed."""

    def living() -> list[int]:
        children = [pid for pid in _children(os.getpid()) if pid not in others | ground.known()]
        for pid in children:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return [pid for pid in children if os.path.exists(f"/proc/{pid}")]

    until(lambda: not living(), within_s=_GONE_WITHIN_S)
    found = []
    for pid in living():
        with suppress(OSError):
            found.append(f"process {pid} {Path(f'/proc/{pid}/cmdline').read_bytes()[:80]!r}")
        kill(pid)
    return tuple(found)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _ended_after(folder: Path, broke_ns: int) -> int:
    """How many steps of the newest run in that folder ended so long after that they can't owe it to before.

    None, where the lab came up after the break: then it stands on whole ground.
    """
    journals = sorted(folder.glob(JOURNALS), key=lambda path: path.stat().st_mtime_ns)
    count, stood = 0, False
    for line in journals[-1].read_text().splitlines() if journals else []:
        with suppress(json.JSONDecodeError):
            event = json.loads(line)
            stood = stood or (event["event"] == "lab-up" and event["t"] <= broke_ns)
            count += stood and event["event"] == "step-ended" and event["t"] > broke_ns + HINDSIGHT_S * 1e9
    return count
