"""What counting.yaml says, and more, as tests: the fixture `lab` is a fresh lab for each of them."""

from __future__ import annotations

from labctl import Lab


def test_lines_are_counted(lab: Lab) -> None:
    lab.start("counter", "count-server 4000", ready="tcp 4000")

    assert lab.run("user", "count-lines counter 4000", stdin="one\ntwo").stdout == "2 lines\n"
    assert lab.host("counter").socket("tcp://4000").is_listening


def test_a_second_client_waits_for_the_first(lab: Lab) -> None:
    server = lab.start("counter", "count-server 4000", ready="tcp 4000")
    first = lab.start("user", "nc counter 4000", name="first")
    lab.until("counter", "tcp 4000", established=1)
    server.wait_until(blocked="read")
    second = lab.start("user", "nc counter 4000", name="second")
    lab.until("counter", "tcp 4000", waiting=1)

    first.stop()
    server.wait_until(output="0 lines")
    lab.until("counter", "tcp 4000", waiting=0)
    second.check()
