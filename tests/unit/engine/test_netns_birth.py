"""A host that is being made, when what makes it is killed, or it dies itself."""

from __future__ import annotations

import os

import pytest

from labctl.engine.forked import forked
from labctl.engine.netns.host import Birth


def test_a_maker_that_was_killed_is_missed_at_once() -> None:
    """What it has forked by then waits to be wired, and holds the way by which it would have told."""
    news_in, news_out = os.pipe()
    maker = forked(lambda: None, lambda error: None)
    with pytest.raises(OSError, match="first process died"):
        Birth("left", maker, news_in, -1).wait_for_namespaces()
    os.close(news_in)
    os.close(news_out)


def test_a_maker_that_is_done_has_told_the_hosts_pid() -> None:
    """And what the host said after it stays for later."""
    news_in, news_out = os.pipe()
    maker = forked(lambda: _say(news_out, b"123\nready"), lambda error: None)
    birth = Birth("left", maker, news_in, -1)
    assert birth.wait_for_namespaces() == 123
    birth.wait_until_ready()
    os.close(news_out)


def test_a_host_that_died_before_it_was_wired_is_told_with_its_own_words() -> None:
    """And not with what the kernel says to whoever has come too late."""
    news_in, news_out = os.pipe()
    wired_in, wired_out = os.pipe()
    os.write(news_out, b"sysctl net.ipv4.no_such_setting=1: No such file or directory")
    for its in (news_out, wired_in):
        os.close(its)
    with pytest.raises(OSError, match="no_such_setting"):
        Birth("left", 0, news_in, wired_out).go_on()


def _say(descriptor: int, words: bytes) -> None:
    os.write(descriptor, words)
