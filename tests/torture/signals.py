"""labctl told to end at random moments, or left alone by its terminal or reader -> it ends clean, with the right code.

SIGINT, SIGTERM, SIGHUP, a second SIGINT during the teardown, a terminal that is closed, a reader of its output that
goes away. When it has ended nothing is left, its exit code is the right one, and nobody saw a traceback.

Python's own first moments are left out, in which nothing of labctl runs.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from tests.contract.waiting import until
from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.victims.moments import at_any_moment, while_a_lab_stands
from tests.torture.victims.streams import Files, Pipe, Streams, Terminal
from tests.torture.victims.victim import (
    LONGEST_S,
    Victim,
    adopting,
    length_s,
    scenarios,
)

TRIES = 20
TROUBLE = ("Traceback", "Exception ignored", "Error", "mistake of labctl")
LONGEST_TEARDOWN_S = 0.5
FEW_IMPORTS = 0.15

Act = Callable[[Victim, Streams, random.Random], None]


def in_the_imports(victim: Victim, chance: random.Random) -> bool:
    """Wait for a random moment of its beginning; whether it still goes on."""
    victim.length_s *= FEW_IMPORTS
    return at_any_moment(victim, chance)


MOMENTS = (in_the_imports, at_any_moment, while_a_lab_stands)


def told(number: signal.Signals, victim: Victim, streams: Streams, chance: random.Random) -> None:
    """Send it a signal; as often to all of its process group, as a terminal does."""
    if chance.random() < 0.5:
        os.killpg(victim.process.pid, number)
    else:
        victim.process.send_signal(number)


def told_twice(victim: Victim, streams: Streams, chance: random.Random) -> None:
    """Press Ctrl-C, and again while its labs go down."""
    told(signal.SIGINT, victim, streams, chance)
    again_s = time.monotonic() + chance.random() * LONGEST_TEARDOWN_S
    until(lambda: victim.has_ended or time.monotonic() > again_s, within_s=LONGEST_S)
    if not victim.has_ended:
        told(signal.SIGINT, victim, streams, chance)


def left(victim: Victim, streams: Streams, chance: random.Random) -> None:
    """Close the other end of its terminal, or of its standard output."""
    streams.leave()


def ended(run: Run, engine: str, kind: Callable[[], Streams], act: Act, code: int) -> str:
    """Do it to one run. One that had ended before its moment came is not counted: another one is begun."""
    with adopting():
        usual_s = length_s(engine)
        for number in range(TRIES):
            folder = run.folder / str(number)
            folder.mkdir()
            words = scenarios(run.chance, folder)
            with kind() as streams, Victim(engine, folder, words, streams.start(folder), length_s=usual_s) as victim:
                moment = run.chance.choice(MOMENTS)
                assert until(lambda: has_begun(victim), within_s=LONGEST_S), streams.seen()
                is_there = moment(victim, run.chance)
                if is_there:
                    act(victim, streams, run.chance)
                failure = judged(victim, streams, code if is_there else 0)
                if failure or is_there:
                    return f"{moment.__name__}: {failure}" if failure else ""
    return f"no run of {TRIES} went on until its moment came"


def has_begun(victim: Victim) -> bool:
    """Whether labctl's first deed is done, which is to take signals; Python itself doesn't take this one (proc(5))."""
    status = Path(f"/proc/{victim.process.pid}/status").read_text()
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGHUP - 1) & 1)


def judged(victim: Victim, streams: Streams, code: int) -> str:
    """What is wrong with its end. A run that was over when the signal came keeps its own verdict's code."""
    came = victim.wait()
    left_over = victim.is_gone(within_s=0)
    seen = streams.seen()
    if left_over:
        return f"{left_over} after {came}: {seen[-300:]}"
    if trouble := next((word for word in TROUBLE if word in seen), ""):
        place = seen.index(trouble)
        return f"{trouble!r} was seen, exit code {came}: {seen[max(0, place - 100) : place + 800]}"
    is_over = came == 0 and streams.is_said(" passed on ") and not streams.is_said("not finished")
    return "" if came == code or is_over else f"exit code {came} and not {code}: {seen[-300:]}"


WAYS: dict[str, tuple[Callable[[], Streams], Act, int]] = {
    "SIGINT": (Files, partial(told, signal.SIGINT), 130),
    "SIGTERM": (Files, partial(told, signal.SIGTERM), 143),
    "SIGHUP": (Files, partial(told, signal.SIGHUP), 129),
    "a second SIGINT": (Files, told_twice, 130),
    "a closed terminal": (Terminal, left, 129),
    "a closed stdout": (Pipe, left, 0),
}
"""What its streams are, what is done to it, and the exit code."""


def cases(place: str) -> list[Case]:
    """Every way to be ended on one engine."""
    if not (Netns() if place == "netns" else DockerEngine()).readiness().works:
        return []
    return [Case(place, name, partial(_case, place, way)) for name, way in WAYS.items()]


def _case(engine: str, way: tuple[Callable[[], Streams], Act, int], run: Run) -> str:
    return ended(run, engine, *way)


CAMPAIGN = Campaign(name="signals", about=__doc__ or "", places=("netns", "docker"), cases=cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
