"""A program of images/host/bin that was started -> what it said by its end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Program = subprocess.Popen[bytes]
Launch = Callable[..., Program]

DEADLINE_S = 20.0


def said(program: Program, stdin: bytes | None = b"") -> tuple[bytes, bytes, int]:
    """(stdout, stderr, exit status) once it has ended by itself, with this as the rest of its input.

    None for one whose input is closed already.
    """
    stdout, stderr = program.communicate(stdin, timeout=DEADLINE_S)
    return stdout, stderr, program.returncode
