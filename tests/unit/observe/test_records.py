"""A run's folder -> what is known of it, in bounded memory."""

from __future__ import annotations

import json
from pathlib import Path

from labctl.observe.records import read_folder


def test_of_what_a_program_printed_without_end_the_beginning_is_read(tmp_path: Path) -> None:
    """That something was left out is said, once; other streams, and other lines, are all there."""
    pieces = [{"event": "output", "t": 1, "program": "flood#1", "stream": "stdout", "text": "x" * 65536}] * 5
    other = {"event": "output", "t": 2, "program": "flood#1", "stream": "stderr", "text": "why"}
    end = {"event": "ended", "t": 3, "program": "flood#1"}
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*pieces, other, end]))

    *printed, last_but_one, last = read_folder(tmp_path).lines

    assert "".join(line["text"] for line in printed) == "x" * 131072 + "\n… what came after this is in the journal …\n"
    assert (last_but_one, last) == (other, end)
