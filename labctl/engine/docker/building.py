"""A host's image -> what the daemon's builder is told."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class Build(Struct, frozen=True, kw_only=True):
    """From which folder, with which Dockerfile there, up to which stage (empty: the last), and with which arguments."""

    context: Path
    dockerfile: str
    labels: dict[str, str]
    arguments: dict[str, str]
    target: str = ""
