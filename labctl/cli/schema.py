"""`labctl schema`: the scenario language for editors."""

from __future__ import annotations

import click


@click.command()
@click.option("--keys", "is_for_people", is_flag=True, help="Print all keys as tables in Markdown instead.")
@click.pass_context
def schema(ctx: click.Context, is_for_people: bool) -> None:
    """Print the JSON Schema (draft-07) of scenario files.

    Editors with yaml-language-server complete, explain and check by it. Keep it beside your scenarios, `labctl
    schema > schema.json`, and begin each with the line `# yaml-language-server: $schema=schema.json`.
    """
    from labctl.cli.terminal.device import Device
    from labctl.scenario.schema import schema_text

    device = Device()
    if is_for_people:
        from labctl.scenario.reference import reference

        device.result(reference().rstrip("\n"))
    else:
        device.result(schema_text().rstrip("\n"))
    ctx.exit(device.ending(0))
