"""What labctl brings along -> where it is: in the installed package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = _PACKAGE / "_shipped"


def shipped(name: str) -> Path:
    """The path of `compose.yaml`, `images` or `scenarios` as they came with this labctl."""
    return (_INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent) / name


def is_installed(path: Path) -> bool:
    """Whether a file came with an installed labctl: nothing should be written beside it."""
    return _INSTALLED in path.resolve().parents
