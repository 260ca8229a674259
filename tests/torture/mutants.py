"""Files that are known -> files with a few pieces put in, taken out or exchanged, as hypothesis draws them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

TESTS = Path(__file__).parents[1]
EXAMPLES = [path.read_bytes() for path in sorted((TESTS / "unit" / "scenario" / "examples").glob("*.yaml"))]
MALFORMED = [path.read_bytes() for path in sorted((TESTS / "golden" / "scenario").glob("*.yaml"))]
WORDS = sorted({word for text in EXAMPLES + MALFORMED for word in text.split() if len(word) < 40})
PIECES = st.sampled_from(
    [
        *WORDS,
        *(bytes([byte]) for byte in b"{}[],:-&*!|>'\"%@`#?~<=\t\r\n \0\x1b\xff\xc3"),
        b"\xe2\x80\xa8",
        b"- ",
        b": ",
    ]
)


@st.composite
def mutants(draw: st.DrawFn, known: Sequence[bytes] = (*EXAMPLES, *MALFORMED)) -> bytes:
    """One of these with some pieces more, less or other."""
    content = draw(st.sampled_from(known))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 0, 1, 1, 3, 10, 40]))
        content = content[:place] + draw(PIECES) + content[place + length :]
    return content
