"""Labs that stand: bring them up and down, list them, run programs on their hosts; told to people."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from labctl.cli.labs.lab_lines import labs_text, line_of, line_of_other
from labctl.cli.refusals import BadFiles, CannotLook, UnknownTarget
from labctl.cli.selection import select
from labctl.cli.terminal.device import Device
from labctl.cli.terminal.progress import progress_on
from labctl.cli.terminal.signals import ending_on_signals
from labctl.cli.terminal.tellers import Quiet
from labctl.engine.choose import EngineName, choose, docker, maker_of
from labctl.engine.contract import EngineError, LabSeen
from labctl.engine.owner import parse
from labctl.plan.model import Plan
from labctl.runner.records import HOLDERS_LOG, is_written, state_folder
from labctl.runner.select import whole_lab
from labctl.scenario.problems import ScenarioError, did_you_mean, quoted
from labctl.standing.holder import NO_LABELS, hold
from labctl.standing.keep import claim_free
from labctl.standing.places import claim, foreign_sockets, user_name
from labctl.standing.visit import Standing, all_standing, standing, take_down

SHELL = ("sh", "-c", "command -v bash > /dev/null && exec bash --norc -i; exec sh -i")


def bring_up(target: str, name: str | None, engine: EngineName, labels: Mapping[str, str] = NO_LABELS) -> int:
    """Bring a lab up in a process of its own."""
    device = Device()

    with translated(device):
        plan = _plan_of(target, device)
        maker = maker_of(choose(engine, [plan], lambda words: device.progress(f"labctl: {words}")))
        lab_name, claimed = claim_free(plan.name) if name is None else (name, claim(name))
        if claimed is None:
            raise EngineError(f"a lab called {quoted(lab_name)} stands", hint="take it down, or give another --name")
        with progress_on(device) as say:
            hold(maker, plan, lab_name, claimed, _own_folder(lab_name), say, labels)
        lab = standing(lab_name)
        which = f"--lab {lab_name} " if len(all_standing()) > 1 else ""
    device.result(line_of(lab))
    device.progress(f"a window on a host: labctl shell {which}{plan.hosts[0].name}")
    device.progress(f"when you are done: labctl down {lab_name}")
    return device.ending(0)


def take_named_down(names: Sequence[str]) -> int:
    """Take these labs down; with no name, the only one."""
    device = Device()
    with translated(device):
        for lab in [named_lab(name) for name in names] if names else [named_lab(None)]:
            take_down(lab.name)
            device.result(f"{lab.name} is down")
    return device.ending(0)


def take_all_down(
    older_than_s: float | None = None, *, labels: Mapping[str, str] = NO_LABELS, owner: str | None = None
) -> int:
    """Take down every lab of this user in which no run goes on, and remove what killed runs have left.

    Only labs that have all of `labels`; `owner`: those of another user, or of `any`. Labels and other owners leave
    alone what killed runs have left, which has neither. Of what nobody here knows the owner of, only what is that old.
    """
    device = Device()
    count = 0
    with translated(device):
        for lab, at in _labs_of(owner, device):
            if not labels.items() <= lab.labels.items():
                continue
            count += 1
            whose = lab.name if at is None else f"{lab.name} of {lab.user}"
            if lab.runs:
                device.result(f"{whose} stays: a run goes on there")
                continue
            take_down(lab.name, at)
            device.result(f"{whose} is down")
        if not labels and owner in (None, "any"):
            for words in _swept(device, older_than_s):
                device.result(words)
        elif not count:
            device.progress("labctl: no lab is so")
    return device.ending(0)


def _labs_of(owner: str | None, device: Device) -> Iterator[tuple[Standing, Path | None]]:
    """This user's labs, those of another, or of `any`; with the socket where it isn't this user's."""
    if owner in (None, "any", user_name(os.getuid())):
        yield from ((lab, None) for lab in all_standing())
    if owner in (None, user_name(os.getuid())):
        return
    sockets, closed = foreign_sockets(None if owner == "any" else owner)
    for user in closed:
        device.progress(f"labctl: labs of {user} can't be reached from here: take them down as {user}, or as root")
    for path in sockets:
        with suppress(EngineError):  # its holder is dead
            yield standing(path.stem, path), path


def list_labs(*, as_json: bool = False) -> int:
    """List the labs that stand, and others on Docker: of runs that go on, of runs that were killed."""
    device = Device()
    with translated(device):
        labs = all_standing()
        holders = {lab.holder for lab in labs}
        owners = [(seen, parse(seen.owner)) for seen in _seen_on_docker(device)]
        others = [seen for seen, owner in owners if owner is None or owner.pid not in holders]
        if as_json:
            device.result(labs_text(labs, others))
            return device.ending(0)
        for line in (*map(line_of, labs), *map(line_of_other, others)):
            device.result(line)
    return device.ending(0)


def execute(name: str | None, host: str, command: Sequence[str]) -> int:
    """Run a program on a host, with this process's streams, to its end; its exit status."""
    from labctl.cli.labs.window import run_there

    device = Device()
    with translated(device):
        lab = named_lab(name)
        hosts = [each.name for each in lab.plan.hosts]
        if host not in hosts:
            hint = did_you_mean(host, hosts, kinds="hosts") or ""
            raise UnknownTarget(f"no host of the lab {quoted(lab.name)} is called {quoted(host)}", hint=hint)
        if host not in lab.up:
            hint = f"those that are up: {', '.join(lab.up)}"
            raise UnknownTarget(f"host {host} of the lab {quoted(lab.name)} was halted", hint=hint)
        return run_there(lab.name, host, command)


def _plan_of(target: str, device: Device) -> Plan:
    path = Path(target)
    return whole_lab(path) if path.is_dir() else select([target], "", device)[0].plan


def _own_folder(name: str) -> Path:
    """A new folder for the lab's own files; not among the runs', of which old ones are removed.

    One of another lab of that name, which stands with another XDG_RUNTIME_DIR or in another container, is let be.
    """
    for number in count(1):
        folder = state_folder() / "labs" / (name if number == 1 else f"{name}-{number}")
        if not _has_holder(folder):
            break
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _has_holder(folder: Path) -> bool:
    try:
        return is_written(folder / HOLDERS_LOG)
    except OSError:
        return False


def named_lab(name: str | None) -> Standing:
    """The lab of that name; without a name, the only one."""
    labs = {lab.name: lab for lab in all_standing()}
    if not labs:
        raise UnknownTarget("no lab stands", hint="bring one up: labctl up")
    if name is None:
        if len(labs) > 1:
            raise UnknownTarget(f"several labs stand: {', '.join(labs)}", hint="name one of them")
        return next(iter(labs.values()))
    if name not in labs:
        hint = did_you_mean(name, labs, kinds="labs") or ""
        raise UnknownTarget(f"no lab is called {quoted(name)}", hint=hint)
    return labs[name]


def _seen_on_docker(device: Device) -> list[LabSeen]:
    try:
        return docker().labs()
    except EngineError as error:
        device.progress(f"labctl: nothing is known of labs on Docker: {error}")
        return []


def _swept(device: Device, older_than_s: float | None) -> list[str]:
    try:
        return docker().sweep(older_than_s=older_than_s)
    except EngineError as error:
        device.progress(f"labctl: nothing is known of labs on Docker: {error}")
        return []


@contextmanager
def translated(device: Device) -> Iterator[None]:
    """Errors become refusals; a signal is told, and goes through."""
    try:
        with ending_on_signals(Quiet(device).notice):
            yield
    except ScenarioError as error:
        raise BadFiles(error.problems) from error
    except EngineError as error:
        raise CannotLook(str(error), hint=error.hint) from error
