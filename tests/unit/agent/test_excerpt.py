"""strace's text is passed on from the program's own execve(2) on, up to a limit, whatever pieces it comes in."""

from __future__ import annotations

import pytest

from labctl.agent.excerpt import Excerpt

BEFORE = b'42    17.1 recvmsg(5, {..."execve("...}, 0) = 4 <0.1>\n42    17.2 close(5) = 0 <0.1>\n'
PROGRAM = b'42    17.3 execve("/bin/true", ["true"], 0x1 /* 6 vars */) = 0 <0.1>\n42    17.4 execve("/bin/b", ...\n'


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_comes_before_the_first_execve_is_left_out(size: int) -> None:
    """Nothing else is, in however small pieces it comes."""
    text, excerpt = BEFORE + PROGRAM, Excerpt(1000)
    taken = b"".join(excerpt.take(text[at : at + size]) for at in range(0, len(text), size))
    assert (taken, excerpt.is_cut) == (PROGRAM, False)


def test_a_program_that_never_executes_has_no_text() -> None:
    """All there is was written of who prepared it."""
    assert Excerpt(1000).take(BEFORE) == b""


@pytest.mark.parametrize(("most", "is_cut"), [(len(PROGRAM), False), (len(PROGRAM) - 1, True), (0, True)])
def test_more_than_is_kept_is_cut(most: int, is_cut: bool) -> None:
    """To the byte, and that is known from the first one on that is thrown away; what is left out doesn't count."""
    excerpt = Excerpt(most)
    assert excerpt.take(BEFORE + PROGRAM) == PROGRAM[:most]
    assert excerpt.is_cut is is_cut
    assert excerpt.take(b"x") == b""
    assert excerpt.is_cut
