"""The short form of `make torture-bad-files`: each kind of file once."""

from __future__ import annotations

from tests.torture.bad_files import CAMPAIGN, PLACE
from tests.torture.campaign import failures_of


def test_whatever_is_in_a_file_it_is_refused_with_its_place() -> None:
    """Within a second of processor time and 150 MB, and without a traceback."""
    assert failures_of(CAMPAIGN, PLACE) == []
