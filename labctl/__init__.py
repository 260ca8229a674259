"""A multi-host network lab for socket programs.

What a test of one's own may use is here, too, and is imported when it is asked for: `from labctl import Lab`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labctl.lab import Capture as Capture
    from labctl.lab import Counts as Counts
    from labctl.lab import Fault as Fault
    from labctl.lab import Lab as Lab
    from labctl.lab import LabError as LabError
    from labctl.lab import LabFailure as LabFailure
    from labctl.lab import Program as Program
    from labctl.lab import Result as Result
    from labctl.lab import WrongWords as WrongWords

__version__ = "0.1.0"

_OF_TESTS = frozenset(
    ("Capture", "Counts", "Fault", "Lab", "LabError", "LabFailure", "Program", "Result", "WrongWords")
)


def __getattr__(name: str) -> object:
    """The names of labctl.lab, which takes a while to import."""
    if name not in _OF_TESTS:
        raise AttributeError(f"module 'labctl' has no attribute '{name}'")
    import labctl.lab

    return getattr(labctl.lab, name)
