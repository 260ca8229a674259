"""The engines, as for other live tests."""

from __future__ import annotations

from tests.live.conftest import engine as engine
