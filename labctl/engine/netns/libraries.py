"""Where modules are looked for -> kept at hand, for a process that may not go there by name any more.

A lab started by root soon runs as an ordinary user, who may have no way into root's folders; what has been opened
before can still be gone through. Stdlib only.
"""

from __future__ import annotations

import os
import sys

_kept: list[int] = []


def keep_at_hand() -> None:
    """Open every folder that modules come from. Before rights are given up."""
    for path in sys.path:
        if os.path.isdir(path):
            _kept.append(os.open(path, os.O_PATH | os.O_DIRECTORY))


def go_through_them() -> None:
    """Look for modules through what was opened: for a process that is about to import some, and then no more."""
    sys.path[:] = [f"/proc/self/fd/{descriptor}" for descriptor in _kept]
    for package in [name for name in sys.modules if name.partition(".")[0] == "labctl"]:
        module = sys.modules[package]
        if hasattr(module, "__path__"):
            module.__path__ = [f"{path}/{package.replace('.', '/')}" for path in sys.path]
