"""A service's build context, or the name of an image that labctl brings along -> what is on such a host."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from labctl.plan.building import BuildAsked
from labctl.plan.dockerfile import Recipe, UnknownStage, read_recipe
from labctl.plan.model import Building, ProgramFolder
from labctl.plan.shipped import shipped
from labctl.scenario.problems import ScenarioError, did_you_mean, quoted
from labctl.scenario.reading import Page
from labctl.scenario.source import read_text
from labctl.scenario.yaml.tree import Node

HOST_IMAGE = "labctl-host:latest"
"""The image of labctl's own hosts, made by images/build."""

COMPILER_IMAGE = "labctl-compiler:latest"
"""The image of the host where sources are built, made by images/build."""

SIDECAR_IMAGE = "labctl-sidecar:latest"
"""The image of what runs beside an attended host on Docker, made by images/build."""


class Image(Struct, frozen=True):
    """What a host made from an image has. `context` is None where nothing says how it was built."""

    context: Path | None = None
    dockerfile: str = "Dockerfile"
    programs: tuple[ProgramFolder, ...] = ()
    environment: dict[str, str] = {}
    notes: tuple[str, ...] = ()


def built(asked: BuildAsked, node: Node, page: Page) -> Image:
    """What a Dockerfile of the user's makes; one that can't be read, or has no such stage, is a problem at the node."""
    if asked.context is None:
        return Image()
    try:
        return _from_recipe(asked.context, asked.dockerfile, asked.building)
    except ScenarioError as error:
        problem = error.problems[0]
        page.wrong(node, f"the build's {quoted(asked.dockerfile)}: {problem.message}", problem.hint)
    except UnknownStage as error:
        hint = did_you_mean(asked.building.target, error.known, kinds="stages")
        page.wrong(node, f"the build's {quoted(asked.dockerfile)} has no stage {quoted(asked.building.target)}", hint)
    return Image()


def named(tag: str) -> Image:
    """What an image has that is only named: known of labctl's own, unknown of others'."""
    if is_host_image(tag):
        return _from_recipe(shipped("images") / "host", "Dockerfile")
    note = f"what is in the image {quoted(tag)} only Docker knows"
    return Image(notes=(f"{note}: without it, hosts have this machine's programs",))


def is_host_image(tag: str) -> bool:
    """Whether a tag is that of labctl's own host image."""
    return tag in (HOST_IMAGE, HOST_IMAGE.partition(":")[0])


def _from_recipe(context: Path, dockerfile: str, building: Building = Building()) -> Image:  # noqa: B008 - frozen
    recipe = _read(context, dockerfile, {}, building)
    if not is_host_image(recipe.base):
        return Image(context, dockerfile, recipe.programs, recipe.environment, recipe.notes)
    below = _read(shipped("images") / "host", "Dockerfile", {})
    recipe = _read(context, dockerfile, below.environment, building)
    environment = below.environment | recipe.environment
    return Image(context, dockerfile, below.programs + recipe.programs, environment, recipe.notes)


def _read(
    context: Path,
    dockerfile: str,
    inherited: dict[str, str],
    building: Building = Building(),  # noqa: B008 - frozen
) -> Recipe:
    path = context / dockerfile
    return read_recipe(
        read_text(path),
        file=str(path),
        context=context,
        inherited=inherited,
        given=building.args,
        target=building.target,
    )
