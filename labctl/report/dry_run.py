"""Scenarios that were selected -> what a run of them would do: a JSON document, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from labctl import __version__
from labctl.report.look import Look
from labctl.report.measures import counted
from labctl.runner.select import Selected
from labctl.runner.titles import title
from labctl.scenario.problems import printable

FORMAT = 1


class HostPlanned(Struct, frozen=True, kw_only=True):
    """A host, or with `absent` a name and addresses that no machine has.

    An engine that shares its machine with other labs may move all addresses to another network. `attended`: something
    runs beside it that decides on its packets or records them. `image` is Docker's; namespaces need none.
    """

    name: str
    addresses: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    image: str = ""
    attended: bool = False
    absent: bool = False
    declared: dict[str, str] = {}


class StepPlanned(Struct, frozen=True):
    """A step; lines and columns count from 1."""

    number: int
    title: str
    file: str
    line: int
    column: int
    why: str | None


class ScenarioPlanned(Struct, frozen=True, kw_only=True):
    """A scenario. `skip`: on which engine it would be skipped, and why. `seed` is the one that faults would be drawn
    from; `internet`: its lab would be open to other networks.
    """

    id: str
    file: str
    about: str
    family: str
    networks: tuple[str, ...]
    seed: int
    internet: bool
    skip: dict[str, str]
    hosts: tuple[HostPlanned, ...]
    steps: tuple[StepPlanned, ...]
    notes: tuple[str, ...]


class PlanDocument(Struct, frozen=True, kw_only=True):
    """What would be run, in this order, so many at the same time. `engine` is the one that was asked for."""

    format: int = FORMAT
    labctl: str = __version__
    engine: str
    jobs: int
    scenarios: tuple[ScenarioPlanned, ...]


def planned(selected: Sequence[Selected], *, engine: str, seed: int | None, jobs: int, sees: bool) -> PlanDocument:
    """The document. `seed` takes the place of each scenario's; `sees`: everything is recorded."""
    scenarios = tuple(_scenario(one, engine, seed, sees) for one in selected)
    return PlanDocument(engine=engine, jobs=jobs, scenarios=scenarios)


def _scenario(one: Selected, engine: str, seed: int | None, sees: bool) -> ScenarioPlanned:
    scenario = one.scenario
    plan = one.plan.all_attended() if sees else one.plan
    hosts = [
        HostPlanned(
            name=host.name,
            addresses=host.addresses,
            aliases=host.aliases,
            image=host.image,
            attended=host.name in plan.attended,
            declared=host.declared,
        )
        for host in plan.hosts
    ]
    hosts += [HostPlanned(name=it.name, addresses=it.addresses, aliases=it.aliases, absent=True) for it in plan.absent]
    return ScenarioPlanned(
        id=one.id,
        file=_text(str(scenario.path)),
        about=scenario.about,
        family=plan.family.name.lower(),
        networks=tuple(str(net) for net in (plan.subnet4, plan.subnet6) if net is not None),
        seed=scenario.seed if seed is None else seed,
        internet=plan.internet,
        skip={name: why for name, why in scenario.skip.items() if engine in ("auto", name)},
        hosts=tuple(hosts),
        steps=tuple(
            StepPlanned(number, title(step), step.at.file, step.at.line, step.at.column, step.why)
            for number, step in enumerate(scenario.steps, start=1)
        ),
        notes=plan.notes,
    )


def plan_lines(document: PlanDocument, look: Look) -> Iterator[str]:
    """The same for people; at the end, how many would be run."""
    skipped = 0
    for one in document.scenarios:
        yield from _scenario_lines(one, document.engine, look)
        yield ""
        skipped += document.engine in one.skip
    would_run = counted(len(document.scenarios) - skipped, "scenario")
    at_once = f", {document.jobs} at the same time" if document.jobs > 1 else ""
    left_out = f", {skipped} skipped" if skipped else ""
    yield look.paint(f"{would_run} would be run on {_engine(document.engine)}{at_once}{left_out}", "bold")


def _engine(name: str) -> str:
    return "docker, where it works and has the images, else netns" if name == "auto" else name


def _scenario_lines(one: ScenarioPlanned, engine: str, look: Look) -> Iterator[str]:
    yield look.paint(printable(one.id), "bold")
    for name, why in one.skip.items():
        on = f" on {name}" if engine == "auto" else ""
        yield f"  {look.paint('skipped', 'yellow')}{on}: {printable(' '.join(why.split()))}"
    open_ = ", open to other networks (allow: internet)" if one.internet else ""
    yield f"  network {', '.join(one.networks)}, seed {one.seed}{open_}"
    for host in one.hosts:
        yield f"  host    {_host(host)}"
    for step in one.steps:
        yield f"  {step.number:>3}  {printable(step.title)}"
    yield from (f"  note: {printable(note)}" for note in one.notes)


def _host(host: HostPlanned) -> str:
    said = [f"{host.name} {' '.join(host.addresses)}".rstrip()]
    if host.absent:
        said.append("absent: no machine has this address")
    if host.image:
        said.append(f"image {host.image} (on docker)")
    said += [f"{name} = {value}" for name, value in host.declared.items()]
    if host.attended:
        said.append("attended")
    return printable(", ".join(said))


def _text(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
