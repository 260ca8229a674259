"""A build context -> the hash that says whether an image was built from it.

The same as images/build reckons, so that an image counts as up to date whoever built it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def source_hash(context: Path) -> str:
    """SHA-256, as hex, over each file's name, whether it is executable, and its content. Hidden files are left out."""
    whole = hashlib.sha256()
    for path in sorted(context.rglob("*")):
        name = path.relative_to(context)
        if path.is_file() and not any(_is_left_behind(part) for part in name.parts):
            content = path.read_bytes()
            kind = "executable" if path.stat().st_mode & 0o100 else "plain"
            whole.update(f"{name.as_posix()}\0{kind}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _is_left_behind(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"
