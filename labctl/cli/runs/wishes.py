"""What `labctl run` was asked for: a value."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from msgspec import Struct

from labctl.engine.choose import EngineName


class Wishes(Struct, frozen=True, kw_only=True):
    """What the command line asks for. `keep` is `always`, `on-fail` or None; `lab` the name of a lab that stands.

    An empty `keyword` lets all through. `see`: record packets and system calls; `html`: and write a page of them there.
    `junit`, `json_file`: write that there; `last_failed`: only what did not pass last time; `seed` takes the place of
    each scenario's; `dry_run`: show the plan, and run nothing.
    `repeat`: run all of it so often; `until_failure`: until something doesn't pass, and that often at most if both.
    `programs`: folders and PROGRAM=COMMAND in place of the lab's own; `strict`: held to all that those are held to.
    """

    targets: tuple[str, ...]
    engine: EngineName
    keyword: str
    stop_at_first: bool
    jobs: int
    keep: str | None
    repeat: int | None = None
    until_failure: bool = False
    lab: str | None
    programs: tuple[str, ...] = ()
    strict: bool = False
    see: bool
    html: Path | None
    timeout_scale: float
    as_json: bool
    is_verbose: bool
    is_quiet: bool
    junit: Path | None = None
    json_file: Path | None = None
    last_failed: bool = False
    seed: int | None = None
    dry_run: bool = False

    @property
    def again_with(self) -> tuple[str, ...]:
        """Words of the command line without which it would not be the same run."""
        strict = ("--strict",) if self.strict else ()
        return (*(word for program in self.programs for word in ("--programs", program)), *strict)

    @property
    def is_repeated(self) -> bool:
        """Whether scenarios are run more than once."""
        return self.until_failure or (self.repeat or 1) > 1

    @property
    def most_rounds(self) -> int | None:
        """How often everything is run at most; None where only a failure ends it."""
        return None if self.until_failure and self.repeat is None else self.repeat or 1

    def rounds(self) -> Iterator[int]:
        """The rounds' numbers, from 1."""
        return count(1) if self.most_rounds is None else iter(range(1, self.most_rounds + 1))
