"""`make torture-hostile`: programs that mean harm. The verdict is right; labctl, machine and other labs are as before.

Each scenario of tests/hostile is run by a labctl of its own, while in another lab a client and a server talk. Checked
are the verdict that its first line says (`# verdict: pass`, `# verdict: fail: PIECE`, `# verdict: unknown: PIECE`; with
`# verdict on docker: …` where it is another one there), that every step ended within its limit plus two seconds, that
labctl took little more memory than usual, that output was cut and it is said (`# cut`), and that nothing is left.
"""

from __future__ import annotations

import functools
import math
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

from labctl.agent import kernel
from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.observe.names import JOURNAL
from labctl.runner.select import ScenarioFile, load, scenario_id
from labctl.scenario.model import Run, Start, Stop, Wait
from tests.contract.hosts import StandingLab, crowding
from tests.contract.plans import plan_of
from tests.contract.waiting import until
from tests.torture.campaign import UNTIL_THE_END, Campaign, Case, main_of
from tests.torture.campaign import Run as TortureRun
from tests.torture.torture import children_of_this_process

TOP = Path(__file__).parents[2]
CORPUS = TOP / "tests" / "hostile"
ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
OVERSHOOT_S = 2.0
MORE_MEMORY = 64 * 1024 * 1024
KEPT = 8 * 1024 * 1024
SEEN = ("fork-bomb", "stdout-without-end", "binary-output", "kill-everybody", "daemon", "close-all")
"""Run with --see as well."""
TOGETHER = "together"
"""The case in which one labctl runs all that is quick, four at a time: what continuous integration has time for."""
HARMLESS = CORPUS / "harmless.yaml"
_ENDS_WITHIN_S = 240.0
_LOOKS_EVERY_S = 0.002
_TALK_EVERY_S = 0.3
_AT_ONCE = 4


class Marked(Struct, frozen=True):
    """What a scenario's first lines say: the verdict, a piece of what is told, whether output is cut."""

    verdict: str
    piece: str
    is_cut: bool


def marked(file: Path, place: str) -> Marked:
    """As `# verdict` has it for that place."""
    text = file.read_text()
    found: dict[str, str] = dict(re.findall(r"^# verdict(?: on (\w+))?: (.+)$", text, re.MULTILINE))
    verdict, _, piece = found.get(place, found[""]).partition(": ")
    return Marked(verdict, piece, bool(re.search(r"^# cut$", text, re.MULTILINE)))


def corpus() -> list[Path]:
    """Every scenario there."""
    return sorted(file for file in CORPUS.glob("*.yaml") if file.name != "compose.yaml")


class Ran(Struct, frozen=True, kw_only=True):
    """A labctl that ended. `peak`: the bytes of memory that it had at the most. `scale`: of every step's time.

    `crowding`: how busy the machine was, before or after.
    """

    document: Any  # JSON's own types
    told: str
    peak: int
    scale: int
    crowding: float
    left: tuple[str, ...]


def run_labctl(place: str, files: Sequence[Path], folder: Path, *words: str) -> Ran:
    """Run these scenarios with `--json`. What it leaves behind becomes this process's child, and is seen so."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    _neighbours(place)  # they stay
    before = set(children_of_this_process())
    busy = crowding()
    scale = math.ceil(max(busy - 0.5, 1.0))  # on a busy machine what means no harm takes its time, too
    asked = ["--json", "--engine", place, "--timeout-scale", str(scale), *words]
    command = [sys.executable, "-m", "labctl", "run", *asked, *map(str, files)]
    with (folder / "out").open("wb") as out, (folder / "told").open("wb") as told:
        process = subprocess.Popen(command, cwd=TOP, stdout=out, stderr=told)
        watch = _Watch(process)
        try:
            ended = _meanwhile(place, process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        watch.join()
    assert ended, f"labctl did not end within {_ENDS_WITHIN_S:g} s: {(folder / 'told').read_text()[-300:]}"
    left = [f"process {pid}" for pid in set(children_of_this_process()) - before]
    left += [f"lab {lab.lab}" for lab in ENGINES[place]().labs() if str(process.pid) in lab.owner.split(":")]
    return Ran(
        document=msgspec.json.decode((folder / "out").read_bytes() or b"{}"),
        told=(folder / "told").read_text(errors="replace"),
        peak=watch.peak,
        scale=scale,
        crowding=max(busy, crowding(), 1.0),
        left=tuple(left),
    )


class _Watch(threading.Thread):
    """Looks at the memory of a process until it ends."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__()
        self._process = process
        self.peak = 0
        self.start()

    def run(self) -> None:
        with open(f"/proc/{self._process.pid}/status") as status:
            while self._look(status):
                until(lambda: False, within_s=_LOOKS_EVERY_S)

    def _look(self, status: IO[str]) -> bool:
        try:
            status.seek(0)
            found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)
        except ProcessLookupError:
            return False
        if found is not None:
            self.peak = max(self.peak, int(found[1]) * 1024)
        return found is not None


def _meanwhile(place: str, process: subprocess.Popen[bytes]) -> bool:
    """Have the neighbours talk until it ends; whether it does in time. AssertionError when they can't."""
    neighbours = _neighbours(place)
    neighbours.talk()
    deadline = time.monotonic() + _ENDS_WITHIN_S
    while not until(lambda: process.poll() is not None, within_s=_TALK_EVERY_S):
        neighbours.talk()
        if time.monotonic() > deadline:
            return False
    neighbours.talk()
    return True


class Neighbours:
    """Another lab, with nothing but a server and a client in it."""

    def __init__(self, place: str) -> None:
        folder = tempfile.TemporaryDirectory()
        UNTIL_THE_END.callback(folder.cleanup)
        self._lab = StandingLab(ENGINES[place](), plan_of("left", "right"), Path(folder.name))
        UNTIL_THE_END.callback(self._lab.lab.down)
        server = self._lab.host("left").begin("server-fork", "51717", window=True)
        assert server.state({"blocked": "accept"}).held

    def talk(self) -> bool:
        """The client sends a line and has an answer to it. AssertionError if not."""
        client = self._lab.host("right").run("client", "left", "51717", stdin=b"hello\n")
        assert (client.ending, b"I got your message" in client.stdout) == ("exit 0", True), f"neighbours: {client}"
        return True


@functools.cache
def _neighbours(place: str) -> Neighbours:
    UNTIL_THE_END.callback(_neighbours.cache_clear)
    return Neighbours(place)


@functools.cache
def usual_peak(place: str, *words: str) -> int:
    """The memory that labctl takes for a scenario in which nobody means harm."""
    with tempfile.TemporaryDirectory() as folder:
        ran = run_labctl(place, [HARMLESS], Path(folder), *words)
    assert ran.document["exit"] == 0, ran.told
    return ran.peak


def complaints(place: str, file: Path, shown: Any, *, scale: int, overshoot_s: float, journal: str) -> list[str]:
    """What is wrong with what came of one scenario, as the document and its journal have it."""
    wanted = marked(file, place)
    told = [shown["reason"], *(one for step in shown["steps"] for one in step["complaints"])]
    wrong = []
    if (shown["verdict"], wanted.piece in "\n".join(told)) != (wanted.verdict, True):
        wrong.append(f"{file.stem}: expected {wanted.verdict}: {wanted.piece}, came {shown['verdict']}: {told}")
    for step, limit_s in zip(shown["steps"], limits_of(file), strict=True):
        if step["took_s"] > limit_s * scale + overshoot_s:
            wrong.append(f"{file.stem}: step {step['number']} took {step['took_s']:.2f} s, its limit is {limit_s:g} s")
    programs = [program for step in shown["steps"] for program in step["programs"]]
    if any(len(program[stream]) > 5 * KEPT for program in programs for stream in ("stdout", "stderr")):
        wrong.append(f"{file.stem}: more is shown than is kept")
    if wanted.is_cut != ('"event":"cut"' in journal):
        wrong.append(f"{file.stem}: output is {'not ' if wanted.is_cut else ''}said to be cut in the journal")
    if wanted.is_cut and programs and not any(program["cut"] for program in programs):
        wrong.append(f"{file.stem}: output is not said to be cut")
    return wrong


def _complaints(ran: Ran, place: str, file: Path, shown: Any, overshoot_s: float) -> list[str]:
    told = journal_of(shown)
    return complaints(place, file, shown, scale=ran.scale, overshoot_s=overshoot_s * ran.crowding, journal=told)


def journal_of(shown: Any) -> str:
    """What happened in a run."""
    return (Path(shown["folder"]) / JOURNAL).read_text()


@functools.cache
def limits_of(file: Path) -> tuple[float, ...]:
    """The time limit of each step, in seconds; a check has none and is done at once."""
    loaded = load([ScenarioFile(scenario_id(file), file)])
    assert not loaded.problems, loaded.problems
    steps = loaded.selected[0].scenario.steps
    return tuple(step.timeout_s if isinstance(step, Run | Start | Stop | Wait) else 0.0 for step in steps)


def run_alone(run: TortureRun, place: str, file: Path, *words: str) -> str:
    """One scenario, all of it checked."""
    usual = usual_peak(place, *words)
    ran = run_labctl(place, [file], run.folder, *words)
    [shown] = ran.document.get("scenarios") or [None]
    if shown is None:
        return f"nothing was run: {ran.told}"
    wrong = [*ran.left, *_complaints(ran, place, file, shown, OVERSHOOT_S)]
    if ran.document["exit"] != {"pass": 0, "fail": 1, "unknown": 3}[shown["verdict"]]:
        wrong.append(f"the verdict is {shown['verdict']}, the exit status {ran.document['exit']}")
    if ran.peak > usual + MORE_MEMORY:
        wrong.append(f"labctl took {ran.peak >> 20} MiB, and {usual >> 20} MiB where nobody means harm")
    return "; ".join(wrong)


def run_together(run: TortureRun, place: str, files: Sequence[Path]) -> str:
    """Several scenarios in one labctl, four at a time."""
    ran = run_labctl(place, files, run.folder, "-j", f"{_AT_ONCE}")
    shown = {Path(one["file"]).name: one for one in ran.document.get("scenarios", ())}
    if set(shown) != {file.name for file in files}:
        return f"not all were run: {ran.told}"
    wrong = list(ran.left)
    for file in files:
        wrong += _complaints(ran, place, file, shown[file.name], OVERSHOOT_S * _AT_ONCE)
    return "; ".join(wrong)


def is_quick(file: Path) -> bool:
    """Whether it takes no more than its time limit of a second or two."""
    return "gigabytes" not in file.name


QUICK_ON_DOCKER = (
    "fork-bomb",
    "kill-everybody",
    "daemon",
    "connect-flood",
    "no-ptrace",
    "binary-output",
    "memory-shared",
)


ON_DOCKER = ("fork-bomb", "kill-everybody", "daemon", "no-ptrace", "fake-verdict", "memory-shared")
"""What is run together there."""


def cases(place: str) -> list[Case]:
    """Each scenario alone; a few with everything recorded; and the quick ones together."""
    if not ENGINES[place]().readiness().works:
        return []
    files = corpus()
    alone = [Case(place, file.stem, functools.partial(run_alone, place=place, file=file)) for file in files]
    seen = [
        Case(place, f"{file.stem}+see", lambda run, file=file: run_alone(run, place, file, "--see"))  # type: ignore[misc]  # mypy can't type a lambda's default
        for file in files
        if file.stem in SEEN
    ]
    quick = [file for file in files if (is_quick(file) if place == "netns" else file.stem in ON_DOCKER)]
    return [*alone, *seen, Case(place, TOGETHER, functools.partial(run_together, place=place, files=quick))]


CAMPAIGN = Campaign("hostile", "Programs that mean harm.", ("netns", "docker"), cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
