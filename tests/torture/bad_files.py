"""`make torture-bad-files RUNS=n`: whatever is in a file, labctl refuses it, says where and why, and does so at once.

For each file labctl is a process of its own, which may use a second of processor time and 150 MB of memory. Cases are
scenarios and compose.yamls that hypothesis has mutated (100 in a run), the malformed ones of tests/golden, and what is
no text at all, or made to be costly.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings

from labctl.cli import selection, validate
from labctl.cli.commands import run_labctl
from labctl.scenario.problems import ScenarioError
from labctl.scenario.read import read_scenario
from labctl.scenario.yaml import syntax
from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.mutants import EXAMPLES, TESTS, mutants

MOST_SECONDS = 1.0  # of processor time: how busy the machine is has no part in it
MOST_MEMORY = 150_000  # kB
A_RUN = 100
PLACE = "files"

_IMPORTED = (selection, validate, syntax)  # here, so that not every child has to

_COMPOSE = (TESTS.parent / "compose.yaml").read_bytes().replace(b"./images", str(TESTS.parent / "images").encode())
_PROBLEM = re.compile(r"[^\n]+?:\d+:\d+: \S")
_GOOD = EXAMPLES[0]


class Answer(NamedTuple):
    """What labctl said to a file, and what that took: seconds of processor time, kB of memory at the most."""

    code: int
    said: str
    seconds: float
    memory: int


def answer_to(words: list[str], folder: Path) -> Answer:
    """Run labctl with these words in a child of this process, to its end."""
    with (folder / "said").open("w+b") as said:
        pid = os.fork()
        if pid == 0:
            os.chdir(folder)
            for standard in (1, 2):
                os.dup2(said.fileno(), standard)
            os._exit(_labctl(words))
        _, status, used = os.wait4(pid, 0)
        said.seek(0)
        text = said.read().decode(errors="backslashreplace")
    return Answer(os.waitstatus_to_exitcode(status), text, used.ru_utime + used.ru_stime, used.ru_maxrss)


def _labctl(words: list[str]) -> int:
    with open(1, "w", closefd=False) as sys.stdout, open(2, "w", closefd=False) as sys.stderr:
        try:
            return run_labctl(words)
        except BaseException as error:  # of labctl nothing may come out but a code
            os.write(2, f"Traceback of {error!r}\n".encode())
            return 99


def complaint(answer: Answer, *, codes: tuple[int, ...] = (0, 2)) -> str:
    """What is wrong with an answer to a file; empty if it's as it should be."""
    if answer.code not in codes:
        return f"exit code {answer.code}: {answer.said[-300:]}"
    if "Traceback" in answer.said:
        return f"a traceback: {answer.said[-300:]}"
    if answer.code == 2 and not _PROBLEM.match(answer.said):
        return f"no place: {answer.said[:300]}"
    if answer.seconds > MOST_SECONDS:
        return f"it took {answer.seconds:.2f} s of processor time"
    if answer.memory > MOST_MEMORY:
        return f"it took {answer.memory} kB of memory"
    return ""


def prepared(folder: Path, *, scenario: bytes = _GOOD, compose: bytes = _COMPOSE) -> list[str]:
    """A folder with these, and the words to look at them."""
    (folder / "compose.yaml").write_bytes(compose)
    (folder / "x.yaml").write_bytes(scenario)
    return ["validate", "x.yaml"]


def _mutated(name: str, known: list[bytes]) -> Callable[[Run], str]:
    def run(one: Run) -> str:
        @seed(one.chance.getrandbits(64))
        @settings(
            max_examples=A_RUN,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(mutants(known))
        def each(content: bytes) -> None:
            wrong = complaint(answer_to(prepared(one.folder, **{name: content}), one.folder))
            assert not wrong, f"{wrong}: {content!r}"

        each()
        return ""

    return run


def _written(run: Run) -> str:
    """One of the malformed scenarios that were written by hand; some only deserve a warning."""
    path = run.chance.choice(sorted((TESTS / "golden" / "scenario").glob("*.yaml")))
    words = prepared(run.folder, scenario=path.read_bytes())
    try:
        read_scenario(run.folder / "x.yaml", services=("cheerios", "client"))
        code = 0
    except ScenarioError:
        code = 2
    wrong = complaint(answer_to(words, run.folder), codes=(code,))
    return wrong and f"{path.name}: {wrong}"


def _steps(text: bytes) -> bytes:
    return b"hosts: {cheerios: {}, client: {}}\nsteps:\n  - on: client\n    run: hostname\n    env: " + text + b"\n"


def _bomb(join: bytes) -> bytes:
    lines = [b"a0: &a0 {x: 1}"]
    lines += [b"a%d: &a%d %s" % (n, n, join.replace(b"@", b"*a%d" % (n - 1))) for n in range(1, 30)]
    return b"\n".join([*lines, b"steps: *a29"]) + b"\n"


CONTENTS: Mapping[str, bytes] = {
    "empty": b"",
    "comments only": b"# nothing\n",
    "a bomb of aliases": _bomb(b"[@, @, @, @, @, @, @, @, @]"),
    "a bomb of merge keys": _bomb(b"{<<: [@, @], y: 1}"),
    "an alias of itself": b"steps: &x [*x]\n",
    "deep lists": b"steps: " + b"[" * 30_000 + b"]" * 30_000 + b"\n",
    "deep maps": b"".join(b" " * n + b"a:\n" for n in range(300)),
    "open lists": b"steps: " + b"[" * 60_000,
    "a million items": b"steps: [" + b"1," * 32_000 + b"]\n",
    "many keys": b"".join(b"k%d: 1\n" % n for n in range(6_000)),
    "many problems": b"steps:\n" + b"- {rnu: x}\n" * 5_000,
    "a huge whole number": b"seed: " + b"9" * 60_000 + b"\nsteps: [{on: client, run: hostname}]\n",
    "a huge exponent": b"steps: [{on: client, run: hostname, count: 1e999999999}]\n",
    "a huge count": b"hosts: {client: {count: 999999999999}}\nsteps: [{on: client, run: hostname}]\n",
    "a huge time": b"steps: [{on: client, run: hostname, timeout: " + b"9" * 5_000 + b"s}]\n",
    "a huge port": b"steps: [{on: client, wait: tcp 99999999999999999999, until: {listening: true}}]\n",
    "a costly pattern": _steps(b"{}") + b"    expect: {stdout: {matches: '(" + b"a?" * 20_000 + b"'}}\n",
    "a long line": _steps(b"{A: '" + b"x" * 66_000 + b"'}"),
    "one key of 60 kB": b"k" * 60_000 + b": 1\n",
    "a NUL": _steps(b"{A: '\0'}"),
    "an escape": _steps(b"{A: '\x1b[2J'}"),
    "no UTF-8": _steps(b"{A: '\xff\xfe'}"),
    "UTF-16": "steps: []\n".encode("utf-16"),
    "UTF-32": "steps: []\n".encode("utf-32"),
    "a surrogate": _steps(b"{A: '\xed\xa0\x80'}"),
    "a tag that makes objects": b"steps: !!python/object/apply:os.system ['true']\n",
    "a number that is no date": b"seed: 2026-13-45\nsteps: 1\n",
    "two documents": b"steps: []\n---\nsteps: []\n",
    "binary": bytes(range(256)) * 200,
}
"""Files that must be refused, by what they are."""

WELCOME: Mapping[str, bytes] = {
    "a byte order mark": b"\xef\xbb\xbf" + _GOOD,
    "CRLF": _GOOD.replace(b"\n", b"\r\n"),
    "CR": _GOOD.replace(b"\n", b"\r"),
    "no newline at the end": _GOOD.rstrip(b"\n"),
}
"""Files that look odd and are good."""


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open(path.parent, os.O_PATH)  # whose own path may be too long for a socket's address
        one.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 33)


THINGS: Mapping[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a FIFO": lambda path: os.mkfifo(path),
    "a socket": _socket,
    "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "/dev/tty": lambda path: path.symlink_to("/dev/tty"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "8 GB": _sparse,
}
"""What is no file that could be read, and how it is made."""


def _content(scenario: bytes, code: int, compose: bytes = _COMPOSE) -> Callable[[Run], str]:
    def run(one: Run) -> str:
        return complaint(answer_to(prepared(one.folder, scenario=scenario, compose=compose), one.folder), codes=(code,))

    return run


def _in_place_of(name: str, make: Callable[[Path], object]) -> Callable[[Run], str]:
    """Instead of the scenario, or of its compose.yaml. An empty folder has no scenario, which is another answer."""

    def run(one: Run) -> str:
        words = prepared(one.folder)
        (one.folder / name).unlink()
        make(one.folder / name)
        is_folder = name == "x.yaml" and (one.folder / name).is_dir()
        return complaint(answer_to(words, one.folder), codes=(5,) if is_folder else (2,))

    return run


def cases(place: str) -> list[Case]:
    """All of them: files are the same everywhere."""
    made = {f"scenario: {name}": _content(content, 2) for name, content in CONTENTS.items()}
    made |= {f"compose.yaml: {name}": _content(_GOOD, 2, content) for name, content in CONTENTS.items()}
    made |= {f"scenario: {name}": _content(content, 0) for name, content in WELCOME.items()}
    made |= {f"scenario: {name}": _in_place_of("x.yaml", make) for name, make in THINGS.items()}
    made |= {f"compose.yaml: {name}": _in_place_of("compose.yaml", make) for name, make in THINGS.items()}
    tries = {
        "mutated scenarios": _mutated("scenario", EXAMPLES),
        "mutated compose.yamls": _mutated("compose", [_COMPOSE]),
    }
    return [
        Case(place, "written by hand", _written),
        *(Case(place, name, run) for name, run in made.items()),
        *(Case(place, name, run, tries=A_RUN) for name, run in tries.items()),
    ]


CAMPAIGN = Campaign("bad-files", __doc__, (PLACE,), cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
