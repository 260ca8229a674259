"""A stage for conversations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.hosts.stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Two hosts, neither of which has said a word."""
    one = Stage()
    yield one
    one.close()
