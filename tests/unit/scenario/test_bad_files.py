"""The short form of `make torture-bad-files`: each kind of file once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.torture.bad_files import CAMPAIGN, PLACE

_IN_ITS_OWN_PROCESS = """
import json
from tests.torture.bad_files import CAMPAIGN, PLACE
from tests.torture.campaign import failures_of
print(json.dumps(failures_of(CAMPAIGN, PLACE)))
"""
"""Because of a forked child's memory its parent's counts, and tests' own is large."""


def test_whatever_is_in_a_file_it_is_refused_with_its_place() -> None:
    """Within a second of processor time and 150 MB, and without a traceback."""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", _IN_ITS_OWN_PROCESS], cwd=root, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert len(CAMPAIGN.cases(PLACE)) > 80
