"""Signals end labctl once, in order."""

from __future__ import annotations

import signal

import pytest

from labctl.cli.terminal.signals import Interrupted, ending_on_signals


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_is_an_exception_with_an_exit_code(number: signal.Signals, status: int) -> None:
    noticed: list[str] = []
    with pytest.raises(Interrupted) as raised, ending_on_signals(noticed.append):
        signal.raise_signal(number)

    assert (raised.value.code, raised.value.signal, noticed) == (status, number.name, [number.name])


def test_sigint_is_a_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), ending_on_signals(lambda name: None):
        signal.raise_signal(signal.SIGINT)


def test_a_second_signal_does_not_break_the_teardown() -> None:
    torn_down = []

    def run() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            torn_down.append("the lab")

    with pytest.raises(KeyboardInterrupt), ending_on_signals(lambda name: None):
        run()

    assert torn_down == ["the lab"]


def test_what_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_on_signals(lambda name: None):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_afterwards_signals_mean_what_they_did() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with ending_on_signals(lambda name: None):
        pass

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
