"""Runs that passed or not -> a tally that survives an interruption, and what it says about flakes."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Count(msgspec.Struct):
    """Of one scenario in one place: an engine, busy or not."""

    runs: int = 0
    failures: int = 0


class Tally(msgspec.Struct):
    """Every count, by `place scenario`; and what the failures were."""

    counts: dict[str, Count] = {}
    failed: list[str] = []

    def add(self, place: str, scenario: str, failure: str) -> None:
        """Count a run; `failure` is empty for one that passed."""
        count = self.counts.setdefault(f"{place} {scenario}", Count())
        count.runs += 1
        if failure:
            count.failures += 1
            self.failed.append(f"{place} {scenario}: {failure}")

    def of_one(self, place: str, scenario: str) -> Count:
        """That scenario's there."""
        return self.counts.get(f"{place} {scenario}", Count())

    def of(self, place: str) -> Count:
        """All of one place together."""
        mine = [count for key, count in self.counts.items() if key.split(" ", 1)[0] == place]
        return Count(sum(count.runs for count in mine), sum(count.failures for count in mine))


def load(path: Path) -> Tally:
    """The tally of an earlier, interrupted run; an empty one if there is none."""
    return msgspec.json.decode(path.read_bytes(), type=Tally) if path.exists() else Tally()


def save(tally: Tally, path: Path) -> None:
    """Keep it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(tally))
    new.replace(path)
