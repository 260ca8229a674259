"""The name of a standing lab -> the socket that its holder listens on, in a folder that is the user's alone."""

from __future__ import annotations

import fcntl
import glob
import os
import pwd
import stat
from pathlib import Path

from labctl.engine.contract import EngineError

RUNTIME = ("/run/user/{}/labctl", "/tmp/labctl-{}")
"""Where users have their sockets, by their number, unless XDG_RUNTIME_DIR says otherwise."""
_LONGEST_PATH = 107  # bytes of a Unix domain address (unix(7))


def folder() -> Path:
    """Where the sockets are: made when it isn't there. EngineError if it is somebody else's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    place = Path(runtime) / "labctl" if runtime and os.path.isdir(runtime) else Path(f"/tmp/labctl-{os.getuid()}")
    try:
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EngineError(f"{place} can't be made: {error.strerror}", hint="set XDG_RUNTIME_DIR") from error
    found = os.lstat(place)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise EngineError(f"{place} is not this user's alone", hint="set XDG_RUNTIME_DIR to a private folder")
    return place


def socket_path(name: str) -> Path:
    """The socket of that lab, there or not. EngineError for a name that can't be one."""
    if not name or "/" in name or name.startswith("."):
        raise EngineError(f"{name!r} can't be the name of a lab", hint="take letters, digits and hyphens")
    path = folder() / f"{name}.sock"
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise EngineError(f"{name!r} is too long a name for a lab", hint="take a shorter one")
    return path


def claim(name: str) -> int | None:
    """Take a name for a lab: a descriptor whose lock is held as long as a copy of it is open; None if it is taken."""
    path = socket_path(name).with_suffix(".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def forget_if_dead(name: str) -> None:
    """Remove the socket of a holder that is dead. One that lives has the name, and may only be slow to answer."""
    claimed = claim(name)
    if claimed is not None:
        socket_path(name).unlink(missing_ok=True)
        os.close(claimed)


def names() -> list[str]:
    """The names of all labs that have a socket, of living and of dead holders."""
    return sorted(path.stem for path in folder().glob("*.sock"))


def user_name(uid: int) -> str:
    """What a user is called; the number where it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def foreign_folders() -> dict[str, Path]:
    """The folders in which other users of this machine have sockets, by the user and the place."""
    found: dict[str, Path] = {}
    for place in (path for pattern in RUNTIME for path in sorted(glob.glob(pattern.format("*")))):
        try:
            seen = os.lstat(place)
        except OSError:  # gone since, or in a folder that may not be looked into
            continue
        named = [pattern.format(seen.st_uid) for pattern in RUNTIME]
        if stat.S_ISDIR(seen.st_mode) and place in named and seen.st_uid != os.getuid():
            found[f"{user_name(seen.st_uid)} {place}"] = Path(place)
    return found


def foreign_sockets(user: str | None) -> tuple[list[Path], list[str]]:
    """The sockets of another user's labs, None: of all others', and whose may not be reached."""
    sockets: list[Path] = []
    closed: list[str] = []
    for key, place in foreign_folders().items():
        owner = key.partition(" ")[0]
        if user not in (None, owner):
            continue
        if os.access(place, os.R_OK | os.X_OK):
            sockets += sorted(place.glob("*.sock"))
        else:
            closed.append(owner)
    return sockets, sorted(set(closed))
