"""Signals by name, with their Linux numbers (signal(7)), and what people write instead of a name."""

from __future__ import annotations

SIGNALS: dict[str, int] = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "TRAP": 5,
    "ABRT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "STKFLT": 16,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "XCPU": 24,
    "XFSZ": 25,
    "VTALRM": 26,
    "PROF": 27,
    "WINCH": 28,
    "IO": 29,
    "PWR": 30,
    "SYS": 31,
}


def signal_hint(text: str) -> str | None:
    """The name that is meant by `SIGKILL`, `kill`, `-9` or `9`, as a hint."""
    name = text.upper().removeprefix("SIG")
    if name in SIGNALS:
        return f"write `{name}`"
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 3:
        number = int(digits)
        numbered = {its: known for known, its in SIGNALS.items()}
        if known := numbered.get(number) or numbered.get(number - 128):
            return f"write `{known}`"
    return None
