"""What pytest must not collect here, and signals as tests expect them."""

from __future__ import annotations

import signal

collect_ignore_glob = [  # some are wrong on purpose, some mean harm
    "bench/*.yaml",
    "golden/*",
    "hostile/*",
    "live/data/*",
    "torture/*",
    "unit/*/examples/*",
]


def pytest_configure() -> None:
    """A shell's background job and nohup(1) ignore signals, and so would all that tests start and interrupt."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
