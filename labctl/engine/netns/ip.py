"""Lines for `ip -batch` -> done, or an error that says what ip said."""

from __future__ import annotations

import os

_PLACES = ("/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip")


def find_ip() -> str | None:
    """Where iproute2's `ip` is; it isn't on every ordinary user's PATH."""
    return next((place for place in _PLACES if os.access(place, os.X_OK)), None)


def run_ip(lines: str) -> None:
    """Run `ip -batch -` on these lines, in the namespaces of this process. OSError with ip's own words."""
    program = find_ip()
    if program is None:
        raise OSError(2, "iproute2's `ip` is not installed")
    words_in, words_out = os.pipe()
    errors_in, errors_out = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, words_in, 0),
        (os.POSIX_SPAWN_DUP2, errors_out, 1),
        (os.POSIX_SPAWN_DUP2, errors_out, 2),
    ]
    pid = os.posix_spawn(program, ["ip", "-batch", "-"], {"LC_ALL": "C"}, file_actions=actions)
    os.close(words_in)
    os.close(errors_out)
    with os.fdopen(words_out, "w") as words:
        words.write(lines)
    with os.fdopen(errors_in) as errors:
        said = errors.read()
    _, status = os.waitpid(pid, 0)
    if status:
        raise OSError(0, f"ip: {said.strip()}")
