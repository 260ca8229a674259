"""What goes into a program arrives whole, and so does what comes out."""

from __future__ import annotations

import hashlib

import pytest

from tests.contract.hosts import OUTPUT_CAP, StandingLab, begin_all

EVERY_BYTE = bytes(range(256))

WRITE = """
    import os, sys, threading
    def write(descriptor, byte, size):
        piece = byte * 65536
        while size:
            size -= os.write(descriptor, piece[:size])
    sizes = [int(word) for word in sys.argv[1:]]
    threads = [threading.Thread(target=write, args=place) for place in zip((1, 2), (b"o", b"e"), sizes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@pytest.mark.parametrize("size", [0, 1, 4096, 65_537, 1_000_000])
def test_the_whole_input_arrives_and_then_its_end(any_lab: StandingLab, size: int) -> None:
    """Every byte of the input comes out of a program that copies it, and then the program sees its end."""
    given = (EVERY_BYTE * (size // 256 + 1))[:size]
    assert any_lab.host("left").run("cat", stdin=given).stdout == given


def test_an_input_of_eight_mebibytes_arrives(any_lab: StandingLab) -> None:
    """An input larger than any buffer on the way arrives whole."""
    given = EVERY_BYTE * (8 * 4096)
    told = any_lab.host("left").run("sha256sum", stdin=given)
    assert told.stdout.split()[0].decode() == hashlib.sha256(given).hexdigest()


def test_an_input_that_nobody_reads_hinders_nobody(any_lab: StandingLab) -> None:
    """A program may end without having read its input."""
    assert any_lab.host("left").run("true", stdin=bytes(1_000_000)).ending == "exit 0"


def test_bytes_come_out_as_they_are(any_lab: StandingLab) -> None:
    """Output is bytes: nothing is decoded, changed or dropped on either stream."""
    program = any_lab.host("left").run("sh", "-c", "tee /dev/stderr", stdin=EVERY_BYTE)
    assert (program.stdout, program.stderr) == (EVERY_BYTE, EVERY_BYTE)


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_048_577, OUTPUT_CAP])
def test_both_streams_come_whole_at_once(any_lab: StandingLab, size: int) -> None:
    """Up to the cap, all that is written to both streams at the same time comes, and each on its own stream."""
    program = any_lab.host("left").run_python(WRITE, size, size)
    assert program.ending == "exit 0"
    assert program.stdout == b"o" * size
    assert program.stderr == b"e" * size
    assert not program.program.is_cut


def test_output_over_the_cap_is_cut_and_said_to_be(any_lab: StandingLab) -> None:
    """Of a stream the first 8 MiB are kept; that more came is said; the program is not held up by it."""
    program = any_lab.host("left").run_python(WRITE, OUTPUT_CAP + 1, 10)
    assert program.ending == "exit 0"
    assert program.stdout == b"o" * OUTPUT_CAP
    assert program.stderr == b"e" * 10
    assert program.program.is_cut
    assert any_lab.heard_of(program).count("cut") == 1


def test_last_words_are_never_lost(any_lab: StandingLab) -> None:
    """What a program writes right before it ends has come when its end comes, every time."""
    left = any_lab.host("left")
    for _ in range(10):
        programs = begin_all([left], *[["sh", "-c", f"echo {number}; echo {number} >&2"] for number in range(20)])
        for number, program in enumerate(programs):
            program.ended()
            assert (program.stdout, program.stderr) == (b"%d\n" % number, b"%d\n" % number)


def test_what_a_killed_program_wrote_is_not_lost(any_lab: StandingLab) -> None:
    """A signal ends the program, not what it had written before."""
    program = any_lab.host("left").run("sh", "-c", "echo before; kill -9 $$")
    assert (program.ending, program.stdout) == ("signal KILL", b"before\n")


def test_what_a_child_writes_later_still_comes(any_lab: StandingLab) -> None:
    """Output of a descendant that outlives the program comes after the program's end and before the last end."""
    program = any_lab.host("left").run_python(
        """
        import os, time
        main = os.getpid()
        if os.fork() == 0:
            while os.getppid() == main:
                time.sleep(0.001)
            time.sleep(0.1)
            print("late")
        """
    )
    assert program.stdout == b"late\n"
    assert any_lab.heard_of(program) == ["ended", "output", "gone"]


def test_one_programs_flood_does_not_hold_up_another(any_lab: StandingLab) -> None:
    """While one program writes without end, another on the same host runs and ends."""
    left = any_lab.host("left")
    flood = left.begin("yes")
    left.conversation.until(lambda: bool(flood.stdout), timeout_s=10)
    assert left.run("echo", "through", seconds=10).stdout == b"through\n"
