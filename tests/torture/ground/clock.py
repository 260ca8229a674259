"""A run whose wall clock is set while it goes on -> its verdict, which must be the one it has anyway.

The machine's clock is everybody's. So it is set for labctl alone: a library, loaded before the others, gives it another
CLOCK_REALTIME as soon as a certain file is there.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.contract.waiting import until
from tests.torture.campaign import Run
from tests.torture.ground.runs import JOURNALS, Ground, after, run_labctl, scenario_in, whole_again

_WITHIN_S = 60.0
_SOURCE = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long set_by_s(void) {
    static int is_set;
    const char *file = getenv("TORTURE_CLOCK"), *by = getenv("TORTURE_SET_BY_S");
    if (!is_set) is_set = file && access(file, F_OK) == 0;
    return is_set && by ? atoll(by) : 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += set_by_s();
    return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    now->tv_sec = found.tv_sec; now->tv_usec = found.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *kept) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (kept) *kept = found.tv_sec;
    return found.tv_sec;
}
"""
_JUDGED_BY_TIME = """\
hosts: {cheerios: {}, client: {}}
steps:
  - on: cheerios
    start: server 51717
    ready: tcp 51717
  - link: client -> cheerios
    delay: 300ms
  - on: client
    run: client cheerios 51717
    stdin: hello
  - check: client -> cheerios
    expect: {order: [-> SYN, <- SYN-ACK, -> ACK]}
"""


def works() -> bool:
    """Whether the library can be made here."""
    return shutil.which("gcc") is not None


def set_during_a_run(run: Run) -> str:
    """Nothing that a state decides depends on the wall clock: it passes."""
    scenario_in(run.folder / "lab")
    options = ("--see",) if run.chance.random() < 0.5 else ()
    ended_with, said = _run_with_another_clock(run, options, since="scenario-began")
    return f"exit {ended_with}: {said[-600:]}" if ended_with != 0 else ""


def set_while_order_is_recorded(run: Run) -> str:
    """What came before what can't be told from such a record: UNKNOWN, unless the clock was set after its end.

    It is set when the record has begun: for packets it never is, as the kernel goes by the machine's clock.
    """
    folder = run.folder / "lab"
    folder.mkdir()
    (folder / "scenario.yaml").write_text(_JUDGED_BY_TIME)
    code, said = _run_with_another_clock(run, (), since="step-began")
    if code == 3 and "clock was set during the run" in said and "Traceback" not in said:
        return whole_again(Ground(engine="netns", folder=folder))
    return "" if code == 0 and "Traceback" not in said else f"exit {code}: {said[-600:]}"


def _run_with_another_clock(run: Run, options: tuple[str, ...], *, since: str) -> tuple[int | None, str]:
    """What came of it, and what was said. The clock is set a while after that event is in the journal."""
    file, folder = run.folder / "set", run.folder / "lab"
    by_s = run.chance.choice([-86400, -3600, -1, 1, 3600, 86400])
    environment = {
        "LD_PRELOAD": str(_library(run.folder)),
        "TORTURE_CLOCK": str(file),
        "TORTURE_SET_BY_S": str(by_s),
    }
    ground = Ground(engine="netns", folder=folder, environment=environment, options=options)

    def set_it(pid: int) -> None:
        until(lambda: any(since in journal.read_text() for journal in folder.glob(JOURNALS)), within_s=_WITHIN_S / 2)
        after(run.chance.uniform(0.0, 0.8))
        file.touch()

    ended = run_labctl(ground, within_s=_WITHIN_S, break_it=set_it)
    return (None, f"left {ended.left}") if ended.left else (ended.code, ended.said)


def _library(folder: Path) -> Path:
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_SOURCE)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
    return library
