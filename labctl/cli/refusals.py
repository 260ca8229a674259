"""Why labctl does not do what it was asked, as click's exceptions: a message, a hint, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO, Any

import click

from labctl.cli.terminal.device import write
from labctl.scenario.problems import Problem, printable


class Refusal(click.ClickException):
    """Base of the others. `hint` says what to do, beginning with a verb."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:  # Any: as click has it
        """Print it where errors go."""
        write(sys.stderr, f"labctl: {self.message}\n" + (f"  {self.hint}\n" if self.hint else ""))


class BadFiles(Refusal):
    """Files with problems: all of them, each as `file:line:column: message`."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def show(self, file: IO[Any] | None = None) -> None:  # Any: as click has it
        """Print the problems as they are, so that editors find the places."""
        write(sys.stderr, f"{self.message}\n")


class BadOptions(Refusal):
    """Values on the command line with problems: all of them, each with what to do about it."""

    exit_code = 2

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """`problems`: what is wrong, and a hint, which may be empty."""
        shown = [f"labctl: {message}" + (f"\n  {hint}" if hint else "") for message, hint in problems]
        super().__init__("\n".join(shown))

    def show(self, file: IO[Any] | None = None) -> None:  # Any: as click has it
        """Print them where errors go."""
        write(sys.stderr, f"{self.message}\n")


class UnknownTarget(Refusal):
    """A word of the command line names nothing."""

    exit_code = 2


class BadPrograms(Refusal):
    """Programs that were given can't be used. `said`: the words of their compiler, as they came."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", said: str = "") -> None:
        super().__init__(message, hint=hint)
        self.said = said

    def show(self, file: IO[Any] | None = None) -> None:  # Any: as click has it
        """Print what is wrong, then what the compiler said, with its control characters made visible."""
        super().show(file)
        if self.said:
            lines = (f"| {printable(line)}" for line in self.said.rstrip("\n").split("\n"))
            write(sys.stderr, "\n".join(lines) + "\n")


class CannotLook(Refusal):
    """The lab could not be built or broke: nothing can be said."""

    exit_code = 3


class NothingSelected(Refusal):
    """There is nothing to do."""

    exit_code = 5
