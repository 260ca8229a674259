"""`labctl completion`: what makes a shell complete labctl's commands."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, scenarios, runs, labs and hosts at Tab.

    \b
    bash: add to ~/.bashrc     eval "$(labctl completion bash)"
    zsh:  add to ~/.zshrc      eval "$(labctl completion zsh)"    (after compinit)
    fish: run once             labctl completion fish > ~/.config/fish/completions/labctl.fish
    """
    from click.shell_completion import get_completion_class

    from labctl.cli.commands import cli
    from labctl.cli.terminal.device import Device

    device = Device()
    found = get_completion_class(shell)
    assert found is not None  # click has all three
    device.result(found(cli, {}, "labctl", "_LABCTL_COMPLETE").source().rstrip("\n"))
    ctx.exit(device.ending(0))
