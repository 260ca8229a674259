"""Arguments -> a command and an exit code. Commands are imported when they are asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from labctl import __version__
from labctl.cli.terminal.colour import colour_option

_COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("labctl.cli.runs.run:run", "Run scenarios, each in a lab of its own, and say PASS or FAIL."),
    "grade": ("labctl.cli.runs.grade:grade", "Run everybody's programs in the same scenarios, and compare."),
    "validate": ("labctl.cli.validate:validate", "Say what is wrong with scenario files, all at once."),
    "ls": ("labctl.cli.views.ls:ls", "List scenarios and what they are about."),
    "explain": ("labctl.cli.views.explain:explain", "Tell a scenario as a lesson, without running it."),
    "show": ("labctl.cli.views.show:show", "Show packets and system calls of a run on one ladder."),
    "logs": ("labctl.cli.views.logs:logs", "Show what programs printed in a run, or print in a lab."),
    "graph": ("labctl.cli.views.graph:graph", "Draw who is on a scenario's network."),
    "up": ("labctl.cli.labs.standing:up", "Bring up a lab and leave it standing."),
    "exec": ("labctl.cli.labs.standing:exec_", "Run a program on a host of a lab that stands."),
    "shell": ("labctl.cli.labs.standing:shell", "Open a shell on a host of a lab that stands."),
    "link": ("labctl.cli.links.link:link", "Give links of a lab that stands faults, or show those they have."),
    "heal": ("labctl.cli.links.link:heal", "Take faults away from links of a lab that stands."),
    "ps": ("labctl.cli.labs.standing:ps", "List the labs that stand, and what killed runs have left."),
    "down": ("labctl.cli.labs.standing:down", "Take down labs that stand."),
    "init": ("labctl.cli.init:init", "Write a small lab of your own, which runs at once."),
    "build": ("labctl.cli.build:build", "Make the images that hosts on Docker are made from."),
    "completion": ("labctl.cli.completion:completion", "Print what makes bash, zsh or fish complete labctl at Tab."),
    "schema": ("labctl.cli.schema:schema", "Print the scenario language as a JSON Schema, for editors."),
    "doctor": ("labctl.cli.doctor:doctor", "Say which engines work here, and what mends the others."),
}
"""Where each is, and the line that `labctl --help` shows for it."""

_EXAMPLES = f"""\
labctl {__version__}: a multi-host network lab for socket programs

  labctl run basic         run a scenario that labctl brings along
  labctl run scenarios/    run all scenarios of a folder
  labctl ls                list scenarios and what they are about

`labctl --help` tells the rest."""

_INTERRUPTED = 130  # 128 + SIGINT
_INTERNAL_ERROR = 3  # not 1: that would say that a scenario failed


class _Commands(click.Group):
    """Knows each command's name and help without importing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, function = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), function)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in _COMMANDS and (os.path.exists(word) or word.endswith(".yaml")):
            ctx.fail(f"no command is called '{word}'; to run a scenario, write `labctl run {word}`")
        if word not in _COMMANDS and not word.startswith("-"):
            from labctl.scenario.problems import did_you_mean, quoted

            ctx.fail(f"no command is called {quoted(word)}; {did_you_mean(word, _COMMANDS, kinds='commands')}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@colour_option(click.Option)  # not Defaulted: a command need not care for a pyproject.toml
@click.version_option(__version__, message="labctl %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Hosts on a network of their own, real programs on them, and a verdict.

    A scenario says what happens on which host and what must come of it. Exit codes: 0 all passed, 1 a scenario
    failed, 2 a wrong command line or file, 3 the lab could not be built or broke, 5 nothing was selected, 128 + N
    ended by signal N.
    """
    if ctx.invoked_subcommand is None:
        click.echo(_EXAMPLES)


def run_labctl(arguments: Sequence[str] | None = None) -> int:
    """Run labctl, with the process's own arguments if none are given, and return its exit code."""
    try:
        code = cli.main(arguments, prog_name="labctl", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except SystemExit as ending:
        # click's way to end when the reader of its help has gone; a signal's ending is a class of its own
        return 0 if type(ending) is SystemExit else int(ending.code or 0)
    except Exception as error:  # all: Python's own exit code for them, 1, says that a scenario failed
        _tell(error)
        return _INTERNAL_ERROR


def _tell(error: Exception) -> None:
    """What nobody has caught: the machine has run out of something, or it is a mistake of labctl's own."""
    try:
        from labctl.engine.shortage import shortage_of
    except Exception as other:  # no descriptor or memory is left even for that
        print(f"labctl: this machine has not enough for labctl: {error} ({other})", file=sys.stderr)
        return
    if (short := shortage_of(error)) is not None:
        print(f"labctl: {short}\n  {short.hint}", file=sys.stderr)
        return
    import traceback

    traceback.print_exception(error)
    print("labctl: this is a mistake of labctl's own; please report it with the lines above", file=sys.stderr)
