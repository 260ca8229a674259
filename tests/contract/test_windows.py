"""A window is a terminal as a person has it, but for the echo: what comes out is what the program printed."""

from __future__ import annotations

from tests.contract.hosts import StandingLab

ECHO_LINES = """
    import sys
    print("ready")
    for line in sys.stdin:
        print("got", len(line), line[:20].rstrip())
    print("end of input")
"""


def test_a_program_in_a_window_has_a_terminal(any_lab: StandingLab) -> None:
    """Standard input and output are the program's controlling terminal; standard error is apart."""
    seen = any_lab.host("left").begin_python(
        """
        import os
        print([os.isatty(descriptor) for descriptor in (0, 1, 2)])
        print(os.getpgrp() == os.tcgetpgrp(0), os.getsid(0) == os.getpid())
        open("/dev/tty", "w").write("from the terminal\\n")
        """,
        window=True,
    )
    assert seen.ended().stdout.splitlines() == [b"[True, True, False]", b"True True", b"from the terminal"]


def test_a_window_can_be_opened_by_name(any_lab: StandingLab) -> None:
    """The terminal belongs to the program, which may open it anew (ttyname(3))."""
    seen = any_lab.host("left").begin_python('import os; open(os.ttyname(1), "w").write("here\\n")', window=True)
    assert (seen.ended().ending, seen.stdout) == ("exit 0", b"here\n")


def test_what_is_typed_is_not_echoed(any_lab: StandingLab) -> None:
    """Output holds only what the program printed, and lines end as the program ended them: no carriage returns."""
    program = any_lab.host("left").begin_python(ECHO_LINES, window=True).printed(b"ready\n")
    program.feed(b"hello\n").printed(b"got 6 hello\n").feed(b"\x04").ended()
    assert program.stdout == b"ready\ngot 6 hello\nend of input\n"
    assert program.stderr == b""


def test_ctrl_d_is_the_end_of_input(any_lab: StandingLab) -> None:
    """Ctrl-D at the beginning of a line ends the input, and the program may go on printing."""
    program = any_lab.host("left").begin_python(ECHO_LINES, window=True).printed(b"ready\n")
    program.feed(b"\x04")
    assert program.ended().ending == "exit 0"
    assert program.stdout.endswith(b"end of input\n")


def test_a_line_of_4095_bytes_is_handed_over_whole(any_lab: StandingLab) -> None:
    """The longest line that a terminal takes (termios(3): 4096 with its newline) arrives whole."""
    program = any_lab.host("left").begin_python(ECHO_LINES, window=True).printed(b"ready\n")
    program.feed(b"x" * 4095 + b"\n").printed(b"got 4096 xxxxxxxxxxxxxxxxxxxx\n")


def test_many_lines_arrive_in_order(any_lab: StandingLab) -> None:
    """Lines that are typed one after the other, faster than the program reads, all arrive in their order."""
    program = any_lab.host("left").begin_python(ECHO_LINES, window=True).printed(b"ready\n")
    for number in range(200):
        program.feed(b"line %d\n" % number)
    program.feed(b"\x04").ended()
    numbers = [int(line.split()[-1]) for line in program.stdout.splitlines() if line.startswith(b"got")]
    assert numbers == list(range(200))


def test_last_words_in_a_window_are_never_lost(any_lab: StandingLab) -> None:
    """What a program prints to its terminal right before it ends has come when its end comes, every time."""
    left = any_lab.host("left")
    for number in range(40):
        program = left.begin("sh", "-c", f"echo {number}; exit 7", window=True).ended()
        assert (program.ending, program.stdout) == ("exit 7", b"%d\n" % number)


def test_much_output_in_a_window_comes_unchanged(any_lab: StandingLab) -> None:
    """A mebibyte of every byte there is goes through a window as through a pipe."""
    program = any_lab.host("left").begin_python(
        "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4096)", window=True
    )
    assert program.ended().stdout == bytes(range(256)) * 4096


def test_a_window_is_no_window_to_standard_error(any_lab: StandingLab) -> None:
    """Both streams are told apart in a window, too."""
    program = any_lab.host("left").begin("sh", "-c", "echo out; echo err >&2", window=True).ended()
    assert (program.stdout, program.stderr) == (b"out\n", b"err\n")


def test_typing_to_a_program_that_has_ended_hurts_nobody(any_lab: StandingLab) -> None:
    """Input for a program that is gone is answered, and the host lives on."""
    left = any_lab.host("left")
    program = left.begin("true", window=True).ended().gone()
    program.answer("feed", b"too late\n")
    assert left.run("true").ending == "exit 0"
