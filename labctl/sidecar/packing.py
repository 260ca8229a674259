"""This image's Python and strace -> a tar archive of them, for an image that has none (labctl.agent.carried).

With all that they need of this image: of the standard library what agents use, the C library, and its own loader.
Runs in a container of the hosts' image. Says the archive in frames: `piece` with a part of it, `packed` at its end.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from labctl.agent.carried import FOLDER, LOADER, carried
from labctl.agent.frames import encode

_STRACE = "/usr/bin/strace"
_PACKAGES = {"__pycache__", "collections", "ctypes", "encodings", "importlib", "json", "lib-dynload", "re"}
"""Of the standard library's folders those that an agent may need; of its files it takes all."""
_MAY_BE_READ, _MAY_BE_EXECUTED = 0o644, 0o755


def main(_: dict[str, Any], go: int = 1) -> None:
    """Say the archive."""
    os.set_blocking(go, True)
    with os.fdopen(go, "wb", buffering=0, closefd=False) as out:
        with tarfile.open(fileobj=_Pieces(out), mode="w|", bufsize=1024 * 1024) as archive:
            for place, file, mode in packed():
                _add(archive, place, file, mode)
        _write(out, encode({"ev": "packed"}))


def packed() -> Iterator[tuple[str, str, int]]:
    """What goes into it: its place on the host, the file here (empty for a folder) and its mode; folders first."""
    python, library = os.path.realpath(sys.executable), os.path.dirname(os.path.realpath(os.__file__))
    programs = {python: "python3"} | ({_STRACE: "strace"} if os.path.exists(_STRACE) else {})
    extensions = _extensions(library)
    needs = _libraries([*programs, *extensions])
    needed = {name: file for one in [*programs, *_used(extensions)] for name, file in needs[one].items()}
    for folder in ("", "/bin", "/lib"):
        yield f"{FOLDER}{folder}", "", _MAY_BE_EXECUTED
    for file, name in programs.items():
        yield carried(name), file, _MAY_BE_EXECUTED
    for name, file in needed.items():
        yield LOADER if name.startswith("/") else f"{FOLDER}/lib/{name}", file, _MAY_BE_EXECUTED
    yield from _standard_library(library, {file for file in extensions if not needs[file].keys() <= needed.keys()})


def _standard_library(library: str, unfit: set[str]) -> Iterator[tuple[str, str, int]]:
    there = f"{FOLDER}/lib/{os.path.basename(library)}"
    for folder, folders, files in os.walk(library):
        folders[:] = sorted(name for name in folders if folder != library or name in _PACKAGES)
        place = there + folder[len(library) :]
        yield place, "", _MAY_BE_EXECUTED
        for name in sorted(files):
            file = os.path.join(folder, name)
            if file not in unfit and ".opt-" not in name:
                yield f"{place}/{name}", file, _MAY_BE_READ


def _extensions(library: str) -> list[str]:
    """The compiled modules of the standard library."""
    folder = os.path.join(library, "lib-dynload")
    return [os.path.join(folder, name) for name in os.listdir(folder)]


def _used(extensions: list[str]) -> set[str]:
    """Those that an agent has imported."""
    import labctl.agent.serve  # noqa: F401 # for what it imports

    return {str(getattr(module, "__file__", "")) for module in sys.modules.values()} & set(extensions)


def _libraries(files: Sequence[str]) -> dict[str, dict[str, str]]:
    """Of each of these, two or more, the shared libraries by name, and the loader by its path (ldd(1))."""
    said = subprocess.run(["ldd", *files], capture_output=True, text=True, check=True).stdout
    found: dict[str, dict[str, str]] = {}
    needs: dict[str, str] = {}
    for line in said.splitlines():
        words = line.split()
        if not line.startswith("\t"):
            needs = found[line.removesuffix(":")] = {}
        elif words[1] == "=>":
            needs[words[0]] = os.path.realpath(words[2])
        elif words[0].startswith("/"):
            needs[words[0]] = os.path.realpath(words[0])
    return found


def _add(archive: tarfile.TarFile, place: str, file: str, mode: int) -> None:
    entry = tarfile.TarInfo(place.lstrip("/"))
    entry.mode = mode
    if not file:
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
        return
    with open(file, "rb") as content:
        entry.size = os.fstat(content.fileno()).st_size
        entry.mtime = int(os.fstat(content.fileno()).st_mtime)  # compiled modules know that of their source
        archive.addfile(entry, content)


class _Pieces(io.RawIOBase):
    """Writes what it is given as frames."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, data: Any, /) -> int:  # Any: bytes, but a base class takes more
        _write(self._out, encode({"ev": "piece"}, data))
        return len(data)


def _write(out: IO[bytes], data: bytes) -> None:
    while data:
        data = data[out.write(data) :]
