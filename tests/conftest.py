"""What pytest must not collect here: scenarios that are data of tests, some of them wrong on purpose."""

from __future__ import annotations

collect_ignore_glob = ["bench/*.yaml", "golden/*", "live/data/*", "unit/*/examples/*"]
