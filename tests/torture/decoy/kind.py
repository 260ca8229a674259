"""Something that labctl must not touch: how it is made, and how it is told that nothing has happened to it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from msgspec import Struct

from tests.torture.decoy.cleaning import Ground

State = Callable[[], str]
"""What it is like now: the same text as long as it is the same, and works. AssertionError if it is not there."""


class Scene(Struct, frozen=True):
    """Where a decoy stands: an empty folder of its own, and where labctl will clean up."""

    folder: Path
    ground: Ground


class Kind(Struct, frozen=True):
    """One kind of decoy. `why_not` says why it can't be made here, empty if it can."""

    name: str
    make: Callable[[Scene], AbstractContextManager[State]]
    why_not: Callable[[], str] = lambda: ""


def output_of(*words: str) -> str:
    """What a command prints. AssertionError with its complaint if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"
    return done.stdout.strip()
