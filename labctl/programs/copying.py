"""A folder of somebody else's -> a copy of it that holds nothing but files, folders, and links within it."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from labctl.programs.unusable import Unusable
from labctl.scenario.problems import quoted

MOST_BYTES = 48 * 1024 * 1024
"""Of all files of a folder: it must fit on a host beside what is built from it."""
MOST_ENTRIES = 5000
MOST_DEEP = 32
"""Folders within folders: each costs a descriptor while it is read."""
_LEFT_BEHIND = ("__pycache__",)
_PIECE = 1024 * 1024


def copy(folder: Path, to: Path) -> None:
    """Copy it into a new folder, which everybody may read. Unusable for what can't be copied, and for too much.

    What is hidden is left behind. The folder may change meanwhile: no link is followed, at no time.
    """
    allowance = _Allowance(folder)
    to.mkdir(mode=0o755)
    try:
        for place, folders, files, descriptor in os.fwalk(folder, onerror=_refuse, follow_symlinks=False):
            within = Path(place).relative_to(folder)
            if len(within.parts) > MOST_DEEP:
                raise Unusable(f"{quoted(str(folder))} has folders more than {MOST_DEEP} deep", hint="keep it flat")
            folders[:] = sorted(name for name in folders if not _is_left_behind(name))
            for name in [*folders, *sorted(name for name in files if not _is_left_behind(name))]:
                allowance.take(0)
                _copy_entry(name, descriptor, within / name, to, allowance)
    except OSError as error:
        raise Unusable(f"{quoted(str(error.filename or folder))} can't be read: {error.strerror}") from error
    for place, folders, files in os.walk(to):
        os.chmod(place, 0o755)  # whatever this process's umask is
        for name in (*folders, *files):  # several links, each within, may lead out together
            if not _stays_within(Path(place, name), to):
                raise Unusable(f"{quoted(name)} is a link that leads out of its folder", hint="remove it")


def copy_file(file: Path, to: Path) -> None:
    """Copy one file into a new folder. Unusable as above."""
    to.mkdir(mode=0o755)
    os.chmod(to, 0o755)
    descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _copy_file(file.name, descriptor, Path(file.name), to, _Allowance(file))
    except OSError as error:
        raise Unusable(f"{quoted(str(file))} can't be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def unpack(archive: bytes, to: Path, *, origin: Path) -> None:
    """Unpack a tar archive that came from a host into a new folder; by the same rules, for its maker is not trusted.

    Links that lead out are left out: they were made while building, and nobody asked for them.
    """
    allowance = _Allowance(origin)
    to.mkdir(mode=0o755)
    os.chmod(to, 0o755)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                path = PurePosixPath(os.path.normpath(member.name))
                if path.is_absolute() or ".." in path.parts:
                    continue
                allowance.take(0)
                if member.size > MOST_BYTES:  # of a sparse file nothing need be there
                    allowance.take(member.size)
                _unpack_member(tar, member, to, to / path, allowance)
        for place, folders, files in os.walk(to):
            for name in (*folders, *files):
                if not _stays_within(Path(place, name), to):
                    os.unlink(Path(place, name))
    except (tarfile.TarError, OSError, EOFError, ValueError, LookupError, RecursionError) as error:
        raise Unusable(f"what was built from {quoted(str(origin))} can't be read: {error}") from error


def leads_out(link: Path, target: str) -> bool:
    """Whether a link at that path, relative to its folder, leads out of that folder."""
    place = os.path.normpath(link.parent / target)
    return os.path.isabs(target) or place.split(os.sep)[0] == ".."


class _Allowance:
    """What may still be taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes, self._entries = MOST_BYTES, MOST_ENTRIES

    def take(self, size: int) -> None:
        """So many bytes more; none: another entry."""
        self._bytes -= size
        self._entries -= size == 0
        if self._bytes < 0 or self._entries < 0:
            message = f"{quoted(str(self._folder))} holds more than {MOST_BYTES >> 20} MiB or {MOST_ENTRIES} files"
            raise Unusable(message, hint="put the programs into a folder of their own")


def _copy_entry(name: str, within: int, path: Path, to: Path, allowance: _Allowance) -> None:
    mode = os.stat(name, dir_fd=within, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        (to / path).mkdir(mode=0o755)
    elif stat.S_ISLNK(mode):
        target = os.readlink(name, dir_fd=within)
        if leads_out(path, target):
            message = f"{quoted(str(path))} is a link that leads out of its folder, to {quoted(target)}"
            raise Unusable(message, hint="put a copy of the file in its place")
        os.symlink(target, to / path)
    elif stat.S_ISREG(mode):
        _copy_file(name, within, path, to, allowance)
    else:
        raise Unusable(f"{quoted(str(path))} is neither a file nor a folder", hint="remove it")


def _copy_file(name: str, within: int, path: Path, to: Path, allowance: _Allowance) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=within)
    with os.fdopen(source, "rb") as opened, (to / path).open("xb") as copied:
        mode = os.fstat(source).st_mode
        if not stat.S_ISREG(mode):
            raise Unusable(f"{quoted(str(path))} is not a file any more")
        for piece in _pieces(opened):
            allowance.take(len(piece))
            copied.write(piece)
        os.fchmod(copied.fileno(), 0o755 if mode & 0o111 else 0o644)


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    while piece := opened.read(_PIECE):
        yield piece


def _unpack_member(
    tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, place: Path, allowance: _Allowance
) -> None:
    """Into a folder that nobody else writes to: what is there came from this archive."""
    if _goes_through_a_link(folder, place):
        return
    if member.isdir():
        place.mkdir(mode=0o755, exist_ok=True)
        os.chmod(place, 0o755)
    elif member.issym() and not leads_out(place.relative_to(folder), member.linkname):
        os.symlink(member.linkname, place)
    elif member.isfile() or member.islnk():
        content = tar.extractfile(member)
        if content is not None:
            with place.open("xb") as file:
                for piece in _pieces(content):  # of a hard link it is all of its target again
                    allowance.take(len(piece))
                    file.write(piece)
                os.fchmod(file.fileno(), 0o755 if member.mode & 0o111 else 0o644)


def _stays_within(path: Path, folder: Path) -> bool:
    """Whether what is there is in the folder, whatever links it takes to get there."""
    return not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _goes_through_a_link(folder: Path, place: Path) -> bool:
    return any((folder / parent).is_symlink() for parent in place.relative_to(folder).parents)


def _is_left_behind(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_BEHIND


def _refuse(error: OSError) -> None:
    raise error
