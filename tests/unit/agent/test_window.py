"""A terminal without echo and without carriage returns."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from labctl.agent.window import open_window, read_some, resize


def opened(*, interactive: bool = False) -> tuple[int, int]:
    """A terminal, our end non-blocking as the agent has it."""
    ours, theirs = open_window(interactive=interactive)
    os.set_blocking(ours, False)
    return ours, theirs


def close(*descriptors: int) -> None:
    """All of them."""
    for descriptor in descriptors:
        os.close(descriptor)


def test_what_is_typed_does_not_come_back() -> None:
    """The program gets the line; our end gets nothing."""
    ours, theirs = opened()
    os.write(ours, b"hello\n")
    assert os.read(theirs, 100) == b"hello\n"
    assert read_some(ours, 100) is None
    close(ours, theirs)


def test_a_person_gets_echo_and_carriage_returns() -> None:
    """An interactive window is as usual."""
    ours, theirs = opened(interactive=True)
    os.write(ours, b"hello\n")
    assert os.read(theirs, 100) == b"hello\n"
    assert read_some(ours, 100) == b"hello\r\n"
    close(ours, theirs)


def test_what_is_printed_comes_as_it_is() -> None:
    """No carriage return is added, no tab or control character changed."""
    ours, theirs = opened()
    os.write(theirs, b"a\nb\tc\x01\xff")
    assert read_some(ours, 100) == b"a\nb\tc\x01\xff"
    close(ours, theirs)


def test_the_last_words_come_before_the_end() -> None:
    """What was printed before the program's end was closed is there, and then the end is."""
    for _ in range(50):
        ours, theirs = opened()
        os.write(theirs, b"last words")
        os.close(theirs)
        assert read_some(ours, 100) == b"last words"
        assert read_some(ours, 100) == b""
        os.close(ours)


def test_nothing_now_is_not_the_end() -> None:
    """None says that more may come."""
    ours, theirs = opened()
    assert read_some(ours, 100) is None
    close(ours, theirs)


def test_a_pipe_reads_alike() -> None:
    """Bytes, nothing now, the end."""
    come, go = os.pipe()
    os.set_blocking(come, False)
    assert read_some(come, 100) is None
    os.write(go, b"x")
    assert read_some(come, 100) == b"x"
    os.close(go)
    assert read_some(come, 100) == b""
    os.close(come)


def test_a_window_has_the_size_it_was_given() -> None:
    """A usual one at first."""
    ours, theirs = opened()
    assert size(theirs) == (24, 80)
    resize(ours, 50, 132)
    assert size(theirs) == (50, 132)
    close(ours, theirs)


def size(terminal: int) -> tuple[int, int]:
    """In rows and columns."""
    rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))
    return rows, columns
