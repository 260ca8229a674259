"""Faults on the links of labs that stand: put there, taken away, and shown; told to people."""

from __future__ import annotations

from labctl.cli.labs.keeping import named_lab, translated
from labctl.cli.links.link_lines import link_lines
from labctl.cli.links.link_options import heal_from, impair_from
from labctl.cli.refusals import UnknownTarget
from labctl.cli.terminal.device import Device
from labctl.runner.titles import title
from labctl.scenario.links.places import Places
from labctl.scenario.model import Link
from labctl.scenario.problems import quoted
from labctl.standing.named import absent_in, names_in, places_in
from labctl.standing.visit import Standing, faults, heal, impair, prepare_sidecars


def impair_link(name: str | None, text: str, options: dict[str, str | bool]) -> int:
    """Give a link faults."""
    device = Device()
    with translated(device):
        lab = named_lab(name)
        step, warnings = impair_from(text, options, names_in(lab.plan), absent_in(lab.plan))
        for warning in warnings:
            device.progress(f"warning: {warning}")
        _demand_up(step.link, lab)
        receivers = [receiver for _, receiver in _places(lab).directions(step.link)]
        prepare_sidecars(lab, receivers, lambda words: device.progress(f"labctl: {words}"))
        _tell_shortfalls(impair(lab.name, step), device)
    device.result(title(step))
    return device.ending(0)


def heal_link(name: str | None, text: str) -> int:
    """Take all faults away from a link, or from all links."""
    device = Device()
    with translated(device):
        lab = named_lab(name)
        step = heal_from(text, names_in(lab.plan), absent_in(lab.plan))
        if step.link is not None:
            _demand_up(step.link, lab)
        ended, shortfalls = heal(lab.name, step)
        _tell_shortfalls(shortfalls, device)
        seen = faults(lab.name)
    device.result(f"{title(step)}: " + (f"{ended} fault{'s' * (ended > 1)} ended" if ended else "there was no fault"))
    for other in seen.others:
        if other.goes_on:
            device.progress(f"labctl: {other.rule} stays: a run that goes on has put it there")
    return device.ending(0)


def show_links(name: str | None) -> int:
    """Show the rules in force, and what was counted."""
    device = Device()
    with translated(device):
        lab = named_lab(name)
        for line in link_lines(faults(lab.name), [host.name for host in lab.plan.hosts]):
            device.result(line)
    return device.ending(0)


def _places(lab: Standing) -> Places:
    return places_in(lab.plan, lab.up)


def _demand_up(link: Link, lab: Standing) -> None:
    """Refuse a link whose one end was halted."""
    for end in (link.sender, link.receiver):
        if not _places(lab).hosts(end):
            hint = f"those that are up: {', '.join(lab.up)}"
            raise UnknownTarget(f"host {end} of the lab {quoted(lab.name)} was halted", hint=hint)
    if not _places(lab).directions(link):
        raise UnknownTarget("nobody is left at the other end of this link", hint="name two hosts that are up")


def _tell_shortfalls(shortfalls: tuple[str, ...], device: Device) -> None:
    for words in shortfalls:
        device.progress(f"labctl: {words}")
