"""A host that is being made, when what makes it is killed."""

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


def _say(descriptor: int, words: bytes) -> None:
    os.write(descriptor, words)
