"""`make torture-endings`: each way in which a program can end, told as it was, again and again on both engines.

A host of a standing lab runs the program; what is said of it is compared with what it did. Four more programs start and
end beside each, so that ends come close together.
"""

from __future__ import annotations

import functools
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.hosts.launch import NotStarted
from labctl.plan.model import Limits
from tests.contract.hosts import Host, StandingLab, begin_all, crowding, python
from tests.contract.plans import plan_of
from tests.contract.test_endings import DEADLY
from tests.torture.campaign import UNTIL_THE_END, Campaign, Case, Run, main_of

ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
MEMORY = 384 * 1024 * 1024
LIMIT_S, OVERSHOOT_S = 0.3, 2.0
_BESIDE = 4

Ending = Callable[[Host, Run], str]
"""Has a program end on a host; what was told wrongly of it, empty if nothing was."""


def _ends(expected: str, *words: str, limit: str = "", stdout: bytes | None = None) -> Ending:
    """A command that must be told to have ended so, whatever else ends beside it."""

    def end(host: Host, run: Run) -> str:
        status = run.chance.randint(0, 255)
        one, *beside = begin_all([host], words, *[["sh", "-c", f"exit {status}"]] * _BESIDE)
        one.ended().gone()
        ends = [each.ended().gone().ending for each in beside]
        wrong = [f"beside it: expected exit {status}, came {came}" for came in ends if came != f"exit {status}"]
        if one.ending != expected:
            wrong.append(f"expected {expected}, came {one}")
        if one.program.limit != limit:
            wrong.append(f"limit: expected {limit!r}, came {one.program.limit!r}")
        if stdout is not None and one.stdout != stdout:
            wrong.append(f"stdout: expected {stdout!r}, came {one.stdout[:200]!r}")
        return "; ".join(wrong)

    return end


def _at_its_limit(command: str) -> Ending:
    """A command that doesn't end: it is killed when its time is up, not before and not much later, and that is told."""

    def end(host: Host, run: Run) -> str:
        busy = crowding()
        one = host.begin("sh", "-c", command, seconds=LIMIT_S).ended().gone()
        busy = max(busy, crowding(), 1.0)
        if (one.ending, one.program.limit) != ("signal KILL", "time"):
            return f"expected to be killed at its limit, came {one}, limit {one.program.limit!r}"
        if not LIMIT_S <= one.took_s <= LIMIT_S + OVERSHOOT_S * busy:
            return f"it took {one.took_s:.2f} s"
        return ""

    return end


def _never_begins(expected: str, prepare: str, command: str) -> Ending:
    """A command that can't be executed is told so, and why."""

    def end(host: Host, run: Run) -> str:
        if prepare:
            ready = host.run("sh", "-c", prepare)
            assert ready.ending == "exit 0", ready
        try:
            one = host.begin(command)
        except NotStarted as error:
            return "" if expected in str(error) else f"expected {expected!r}, came {str(error)!r}"
        return f"it was started: {one}"

    return end


def _stopped(host: Host, run: Run) -> str:
    """A program that stops itself has not ended, and says so when asked; let go on, it ends by itself."""
    one = host.begin("sh", "-c", "kill -STOP $$; exit 7")
    if not one.state({"stopped": True}).held:
        return f"it is not seen to be stopped: {one}"
    if one.program.has_ended:
        return f"it was told to have ended: {one}"
    one.signal(signal.SIGCONT)
    return "" if one.ended().gone().ending == "exit 7" else f"came {one}"


def _daemonised(host: Host, run: Run) -> str:
    """The parent's end is told at once; what its daemon prints comes later, and then the last end."""
    words = "rm -f gate; mkfifo gate; setsid sh -c 'read word < gate; echo $word' & echo begun; exit 3"
    one = host.begin("sh", "-c", words).ended()
    if one.ending != "exit 3" or one.program.is_gone:
        return f"expected exit 3 and something left, came {one}, gone: {one.program.is_gone}"
    host.run("sh", "-c", "echo late > gate")
    one.gone()
    return "" if one.stdout == b"begun\nlate\n" else f"output: {one}"


def _every_signal(host: Host, run: Run) -> str:
    """Every deadly signal, all at the same time, in random order."""
    numbers = run.chance.sample(DEADLY, len(DEADLY))
    programs = begin_all([host], *[["sh", "-c", f"kill -{number} $$"] for number in numbers])
    ends = [(one.ended().gone().program.status, one.program.signal) for one in programs]
    wrong = [f"{number}: {came}" for number, came in zip(numbers, ends, strict=True) if came != (None, number)]
    return "; ".join(wrong)


_HOG = "block = bytearray(1 << 30)"
_C_HOG = "import ctypes, os; os._exit(9 if ctypes.CDLL(None).malloc(ctypes.c_size_t(1 << 30)) == 0 else 0)"

ENDINGS: dict[str, Ending] = {
    **{f"exit {status}": _ends(f"exit {status}", "sh", "-c", f"exit {status}") for status in (0, 1, 2, 77, 255)},
    **{
        f"signal {name}": _ends(f"signal {name}", "sh", "-c", f"echo last; kill -{name} $$", stdout=b"last\n")
        for name in ("SEGV", "ABRT", "KILL", "TERM", "HUP", "XCPU", "BUS")
    },
    "every signal": _every_signal,
    "file too large": _ends("signal XFSZ", "dd", "if=/dev/zero", "of=large", "bs=64k", "count=100", "status=none"),
    "a pipe that nobody reads": _ends(
        "signal PIPE", "bash", "-c", "exec 1>&-; exec 1> >(exit); wait $!; printf %65536s"
    ),
    "abort by the C library": _ends("signal ABRT", *python("import os; os.abort()")),
    "out of memory": _ends("exit 1", *python(_HOG)),
    "no memory, and it ends itself": _ends("exit 9", *python(_C_HOG)),
    "at its limit asleep": _at_its_limit("exec sleep 60"),
    "at its limit busy": _at_its_limit("while :; do :; done"),
    "at its limit stopped": _at_its_limit("kill -STOP $$"),
    "at its limit deaf": _at_its_limit("trap '' TERM INT HUP; while :; do sleep 1; done"),
    "stopped": _stopped,
    "daemonised": _daemonised,
    "not found": _never_begins("program not found on left: no-such-program", "", "no-such-program"),
    "not found by its path": _never_begins("program not found on left: /nowhere/at/all", "", "/nowhere/at/all"),
    "a folder": _never_begins("program not found on left: /tmp", "", "/tmp"),
    "not executable": _never_begins("program can't be executed on left: ./plain", "echo : > plain", "./plain"),
    "no format": _never_begins("can't be executed on left: ./odd", "echo odd > odd; chmod +x odd", "./odd"),
    "no interpreter": _never_begins(
        "can't be executed on left: ./script", "echo '#!/nowhere/at/all' > script; chmod +x script", "./script"
    ),
    "empty": _never_begins("can't be executed on left: ./empty", ": > empty; chmod +x empty", "./empty"),
}


@functools.cache
def _lab(place: str) -> StandingLab:
    folder = tempfile.TemporaryDirectory()
    UNTIL_THE_END.callback(folder.cleanup)
    limits = Limits(memory=MEMORY, file_size=1024 * 1024)
    lab = StandingLab(ENGINES[place](), plan_of("left", limits=limits), Path(folder.name))
    UNTIL_THE_END.callback(lab.lab.down)
    UNTIL_THE_END.callback(_lab.cache_clear)
    return lab


def _run(run: Run, place: str, end: Ending) -> str:
    lab = _lab(place)
    try:
        return end(lab.host("left"), run)
    finally:
        lab.clear()


def cases(place: str) -> list[Case]:
    """Each ending."""
    if not ENGINES[place]().readiness().works:
        return []
    return [Case(place, name, functools.partial(_run, place=place, end=end)) for name, end in ENDINGS.items()]


CAMPAIGN = Campaign("endings", "Each ending of a program, told as it was.", ("netns", "docker"), cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
