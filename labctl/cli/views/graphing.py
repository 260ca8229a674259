"""What `labctl graph` was asked for -> the topology of a scenario, drawn."""

from __future__ import annotations

from pathlib import Path

from labctl.cli.refusals import BadFiles, CannotLook, UnknownTarget
from labctl.cli.selection import named
from labctl.cli.terminal.device import Device
from labctl.report.look import PLAIN, Look
from labctl.report.topology import Topology, boxes, topology
from labctl.runner.select import load
from labctl.scenario.names import host_specs


def draw(word: str, form: str, output: Path | None, device: Device) -> int:
    """Draw it as `text`, `svg` or `mermaid`, on standard output or to a file; the exit code.

    A scenario of several families is drawn with the first. A Refusal where the word names none, or several.
    """
    files = named([word], device).files
    if len(files) > 1:
        raise UnknownTarget(f"'{word}' names {len(files)} scenarios", hint="name one: see `labctl ls`")
    loaded = load(files)
    if loaded.problems:
        raise BadFiles(loaded.problems)
    one = loaded.selected[0]
    services = tuple(dict.fromkeys(host.service for host in one.plan.hosts))
    found = topology(one.id, one.plan, host_specs(one.scenario, services), one.scenario.steps)
    text = _drawn(found, form, PLAIN if output is not None else device.result_look)
    if output is None:
        device.result(text)
        return 0
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise CannotLook(f"the drawing can't be written to {output}: {error.strerror}") from error
    return 0


def _drawn(found: Topology, form: str, look: Look) -> str:
    if form == "svg":
        from labctl.report.topology_svg import svg

        return svg(found)
    if form == "mermaid":
        from labctl.report.mermaid import flowchart

        return "\n".join(flowchart(found))
    return "\n".join(boxes(found, look))
