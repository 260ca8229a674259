"""Docker Compose: where it is, and a child that runs it. What it prints is shown in errors and read by nobody."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from labctl.engine.contract import EngineError
from labctl.engine.docker.child import Child
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.orphans import OWNER
from labctl.engine.owner import myself

OVERRIDE = "LABCTL_COMPOSE"
_PLUGIN = "docker-compose"
_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_SHOWN_LINES = 4


def find_compose() -> tuple[str, ...]:
    """The words that run Compose: what LABCTL_COMPOSE says, else the plugin (v2), else `docker-compose` (v2 or v1).

    Asks no program, which would take 0.1 to 0.8 s. The plugin is run by itself: the same program without the
    docker command in front. EngineError if there is none.
    """
    if words := os.environ.get(OVERRIDE, "").split():
        return tuple(words)
    own = os.path.join(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"), "cli-plugins")
    for folder in (own, *_PLUGIN_FOLDERS, *os.get_exec_path()):
        file = os.path.join(folder, _PLUGIN)
        if os.path.isfile(file) and os.access(file, os.X_OK):
            return (file,)
    raise EngineError("Docker Compose is not there", hint="run 'sudo apt-get install docker-compose'")


def compose_version(words: tuple[str, ...]) -> str:
    """What that Compose calls itself. EngineError if it can't be run."""
    try:
        asked = subprocess.run([*words, "version", "--short"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"'{' '.join(words)}' does not run: {error}", hint=f"look at {OVERRIDE}") from error
    return asked.stdout.strip().removeprefix("v")


class Project:
    """A Compose file and the children that bring it up and down. Its folder holds the file and what they printed.

    `holds`: descriptors that each of these children keeps open as long as it lives.
    """

    def __init__(self, name: str, folder: Path, words: tuple[str, ...], endpoint: Endpoint) -> None:
        self._name = name
        self._file = folder / "compose.json"
        self._output = folder / "compose.log"
        self._words = words
        self._environment = endpoint.environment() | {
            "COMPOSE_PROGRESS": "plain",
            "COMPOSE_ANSI": "never",
            OWNER: str(myself()),
        }
        self.holds: tuple[int, ...] = ()

    def write(self, text: str) -> None:
        """Write the Compose file, and begin a new page for what the children print."""
        self._file.write_text(text)
        self._output.write_bytes(b"")

    def up(self) -> Child:
        """Begin to make everything. Images have to be there."""
        return self._child("up", "--detach", "--no-build")

    def down(self) -> Child:
        """Begin to remove everything."""
        return self._child("down", "--timeout", "0")

    def said(self) -> str:
        """The last lines that a child printed."""
        try:
            lines = self._output.read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return "\n".join(line.strip() for line in lines[-_SHOWN_LINES:])

    def _child(self, *command: str) -> Child:
        words = [*self._words, "--project-name", self._name, "--file", str(self._file), *command]
        folder = self._file.parent
        try:
            return Child(words, environment=self._environment, folder=folder, output=self._output, holds=self.holds)
        except OSError as error:
            raise EngineError(f"'{self._words[0]}' does not run: {error}", hint=f"look at {OVERRIDE}") from error
