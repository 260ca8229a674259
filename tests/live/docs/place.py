"""A page's commands -> run as its reader would, in a copy of the repository, with a home of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from labctl.engine.docker.compose import find_compose
from labctl.plan.find import real
from tests.contract.waiting import until

TOP = real(Path(__file__)).parents[3]
LONGEST_S = 300.0
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".labctl", "__pycache__", ".*_cache", "dist")
_NOT_PASSED_ON = ("LABCTL_", "PYTEST_", "GITHUB_")
_RUN = """\
. "$LABCTL_DOCS_STATE"
{command}
labctl_docs_status=$?
{{ printf 'cd %q\\n' "$PWD"; export -p; }} > "$LABCTL_DOCS_STATE"
exit $labctl_docs_status
"""


class Window:
    """A command that goes on while the page does."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    @property
    def printed(self) -> str:
        """What came so far, both streams as on a terminal."""
        return self._output.read_text(errors="backslashreplace")

    def end(self) -> int | None:
        """Its exit status, None where it doesn't end."""
        try:
            return self._process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            return None


class Place:
    """Where one page is run: `folder` is a copy of the repository. A context; in the end nothing of it goes on.

    The folder and the variables that a command leaves are there for the next one.
    """

    def __init__(self, engine: str) -> None:
        self._whole = tempfile.TemporaryDirectory(prefix="lab")  # short: a socket's path holds 107 bytes
        os.chmod(self._whole.name, 0o755)  # labs of root are another user's
        self.folder = Path(self._whole.name) / "labctl"
        self.engine = engine
        self._state = self.folder.parent / "state.sh"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._count = 0

    def __enter__(self) -> Place:
        shutil.copytree(TOP, self.folder, ignore=_LEFT_OUT, symlinks=True)
        tools = self.folder.parent / "bin"
        _tools(tools)
        (self.folder / ".venv").mkdir()
        (self.folder / ".venv" / "bin").symlink_to(tools)
        self.go("")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run('for lab in "$XDG_RUNTIME_DIR"/labctl/*.sock; do labctl down "$(basename "$lab" .sock)"; done')
        finally:
            for process in self._processes:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            self._whole.cleanup()

    def go(self, folder: str) -> None:
        """The next command starts there; a path from the page's own folder."""
        at = self.folder / folder
        at.mkdir(parents=True, exist_ok=True)
        self._state.write_text(f"cd '{at}'\n")

    @property
    def here(self) -> Path:
        """The folder in which the next command starts."""
        return Path(self._asked("pwd"))

    def run(self, command: str, *, typed: str = "") -> tuple[int, str]:
        """Run a line of bash to its end; its status, and what it printed. TimeoutExpired where it has none."""
        process, output = self._started(command, typed)
        status = process.wait(LONGEST_S)
        return status, output.read_text(errors="backslashreplace")

    def window(self, command: str, *, typed: str, is_there: str) -> Window:
        """Start a line of bash, and come back when the command `is_there` works. TimeoutError if it never does."""
        process, output = self._started(command, typed)
        if not until(lambda: self.run(is_there)[0] == 0, within_s=60, every_s=0.05):
            raise TimeoutError(f"{is_there!r} never worked; the window shows {output.read_text()!r}")
        return Window(process, output)

    def _asked(self, command: str) -> str:
        status, printed = self.run(command)
        assert status == 0, printed
        return printed.strip()

    def _started(self, command: str, typed: str) -> tuple[subprocess.Popen[bytes], Path]:
        self._count += 1
        output, given = (self.folder.parent / f"{self._count}.{name}" for name in ("out", "in"))
        given.write_text(typed)
        with output.open("wb") as out, given.open("rb") as stdin:
            process = subprocess.Popen(
                ["bash", "-c", _RUN.format(command=command)],
                stdin=stdin,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
            )
        self._processes.append(process)
        return process, output

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("LABCTL_", "PYTEST_", "GITHUB_"))
        }
        home = self.folder.parent / "home"
        runtime = self.folder.parent / "run"
        home.mkdir(exist_ok=True)
        runtime.mkdir(mode=0o700, exist_ok=True)
        compose = os.environ.get("LABCTL_COMPOSE")
        return (kept | {"LABCTL_COMPOSE": compose} if compose else kept) | {
            "HOME": str(home),
            "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_RUNTIME_DIR": str(runtime),
            "PATH": f"{self.folder.parent / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(TOP),
            "LABCTL_ENGINE": self.engine,
            "LABCTL_DOCS_STATE": str(self._state),
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }


def _tools(folder: Path) -> None:
    """labctl, python and pytest as its reader has them, from this environment; `docker compose` whatever it is here.

    Nobody sits at a terminal: that it is none is said to `docker compose exec` each time.
    """
    folder.mkdir()
    python = f'exec "{sys.executable}"'
    _tool(folder / "labctl", f'{python} -m labctl "$@"')
    _tool(folder / "pytest", f'{python} -m pytest -p no:cacheprovider "$@"')
    for name in ("python", "python3"):
        _tool(folder / name, f'{python} "$@"')
    docker = shutil.which("docker")
    if docker is not None:
        with suppress(Exception):  # there is none: then docker itself says so
            words = " ".join(f"'{word}'" for word in find_compose())
            no_terminal = '[ "$1" = exec ] && { shift; set -- exec -T "$@"; }'
            compose = f'if [ "$1" = compose ]; then shift; {no_terminal}; exec {words} "$@"; fi'
            _tool(folder / "docker", f'{compose}\nexec "{docker}" "$@"')


def _tool(path: Path, words: str) -> None:
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o755)
