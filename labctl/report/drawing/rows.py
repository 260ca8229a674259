"""A row of a drawing: what stands beside, or between, its columns at an instant."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from labctl.observe.story import Fate

RowKind = Literal[
    "step", "rules", "gap", "call", "begin", "return", "packet", "leave", "arrive", "signal", "end", "output"
]


class Row(Struct, frozen=True, kw_only=True):
    """One line of the drawing.

    Of all kinds: `at_ns` since the story's zero; `words` what is read first, `full` all that is known, for a tip or a
    detail (one line; strace's own text of a call). `of` and `arrival` are the places in the story's tuples, as in
    Moment. No text here was made safe for a terminal or for HTML. `column` is where the words belong; None: across
    all columns.

    - `step`: a heading. `words` is its title, `number` its number, `why` its note, `verdict` and `complaints` as in
      the report.
    - `rules`: what happens to packets at a host from here on (`at cheerios: drop [2, 4]`), across all columns.
    - `gap`: nothing happens for a while; `words` like `31 ms pass`. `at_ns` is when it begins.
    - `call`: begins and returns in this row. `begin`, `return`: a call that others happen during; `words` are
      `accept(3) …` and `accept → 4 after 31.9 ms`. `error` is an errno name or empty. `took_ns` is the time in the
      call, None where that isn't known (yet).
    - `packet`: leaves `source` at `at_ns` and arrives at `target` `took_ns` later, in this row: an arrow. `leave`: it
      leaves here, and what becomes of it is told by later rows. `arrive`: it arrives here, and left in a row before;
      `took_ns` is the time under way (None: nobody saw it leave). These rows carry the same `number` (from 1; 0: there
      is no other row), by which a reader finds one from the other. `column` is `source` for `leave`, else `target`,
      or `source` where there is no target. `source == target` where both are in one column. `target` is None for one
      that was seen nowhere else (`to` is then the host that it was for, if that's known), and for `leave` the column
      where it is told of next. `fate` is what became of it in
      this row, None for `leave`: `lost` and `refused` end in a cross at the target's edge. `note` says what is out of
      the ordinary (`lost by drop [2, 4]`, `40 ms under way`, `came twice`, `retransmission`), empty mostly. `text`:
      its payload's beginning; of a datagram in fragments only the first one has it.
    - `signal`, `end`, `output`: a process gets a signal, ends; a program prints.

    `who` says whose it is, where its column doesn't: the program of a folded column (of a packet `client-3 → server`
    where both ends are folded), a child by its pid; empty mostly. `process` is lane and pid of calls, signals and
    ends. `of_main` is False for children.
    """

    at_ns: int
    kind: RowKind
    words: str
    full: str = ""
    column: int | None = None
    of: int = 0
    arrival: int = 0
    who: str = ""
    process: tuple[int, int] | None = None
    of_main: bool = True
    error: str = ""
    took_ns: int | None = None
    source: int | None = None
    target: int | None = None
    fate: Fate | None = None
    note: str = ""
    text: str = ""
    to: str = ""
    number: int = 0
    why: str = ""
    verdict: str = ""
    complaints: tuple[str, ...] = ()
