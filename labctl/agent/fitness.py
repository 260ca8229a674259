"""An image's own Python -> whether it can be an agent: it is recent enough, and has every module that an agent needs.

Said in one frame: `fit`, or `unfit` with the reason.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from labctl.agent.frames import encode
from labctl.agent.last_words import last_words

LEAST = (3, 9)


def main(_: dict[str, Any], go: int = 1) -> None:
    """Import an agent and say how that went."""
    version = ".".join(map(str, sys.version_info[:2]))
    try:
        if sys.version_info < LEAST:
            raise ImportError(f"it is Python {version}, and {'.'.join(map(str, LEAST))} is the least")
        import labctl.agent.serve  # noqa: F401 # all of it is imported by this
    except Exception as error:  # all: whatever it is, no agent would start there
        os.write(go, encode({"ev": "unfit", "detail": last_words(error)}))
    else:
        os.write(go, encode({"ev": "fit", "python": version}))
