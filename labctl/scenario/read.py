"""A scenario file -> Scenario, or every problem in it at once."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from labctl.scenario.kinds.basic import TEXT, WHOLE, WORD, list_of, one_of, text_map
from labctl.scenario.kinds.maps import read_map, table
from labctl.scenario.lab_hosts import HOSTS, check_services
from labctl.scenario.model import Family, HostSpec, Pytest, Scenario
from labctl.scenario.problems import Position, ScenarioError, did_you_mean, quoted
from labctl.scenario.reading import Key, Kind, Page, note_kind
from labctl.scenario.references import check_references
from labctl.scenario.steps import Outline, read_steps
from labctl.scenario.words import TOP_WORDS
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Scalar, Sequence, Tree, read_tree

ENGINES = ("docker", "netns")
_FAMILIES = {family.value: family for family in Family}


def read_scenario(path: Path, *, services: Collection[str] | None) -> Scenario:
    """The scenario in a file. `services` are those of compose.yaml, None where they are not known.

    Raises ScenarioError with all problems of the file.
    """
    return scenario_of(read_tree(path), services=services)


def scenario_of(tree: Tree, *, services: Collection[str] | None) -> Scenario:
    """The scenario in a tree. Raises ScenarioError with all problems of the tree."""
    page = Page(tree)
    scenario = _read(tree.root, tree.file, services, page)
    if page.problems or scenario is None:
        raise ScenarioError(page.problems)
    return scenario


def _read(root: Node, file: str, services: Collection[str] | None, page: Page) -> Scenario | None:
    if not isinstance(root, MapNode):
        note_kind(root, page, "a map with `steps`")
        return None
    values = read_map(root, page, TOP_KEYS, TOP_WORDS)
    hosts = values.get(_HOSTS)
    outlines = values.get(_STEPS) or []
    if hosts is not None and services is not None:
        check_services(hosts, services, page)
    check_references(outlines, _known_hosts(hosts, "hosts" in values.nodes, services, file), page)
    _check_files(outlines, Path(file).parent, page)
    steps = tuple(outline.step for outline in outlines if outline is not None and outline.step is not None)
    families = values.get(_IP) or (Family.IPV4,)
    return Scenario(
        path=Path(file),
        name=values.get(_NAME) or Path(file).stem,
        about=values.get(_ABOUT) or "",
        tags=values.get(_TAGS) or (),
        families=families,
        several_families=len(families) > 1,
        seed=1 if (seed := values.get(_SEED)) is None else seed,
        skip=values.get(_SKIP) or {},
        allow_internet=values.get(_ALLOW) is not None,
        hosts=hosts,
        steps=steps,
        warnings=tuple(page.warnings),
    )


def _known_hosts(
    hosts: tuple[HostSpec, ...] | None, named: bool, services: Collection[str] | None, file: str
) -> tuple[HostSpec, ...] | None:
    """The hosts that steps may name; None where the file names none and compose.yaml is not known."""
    if named:
        return hosts
    if services is None:
        return None
    return tuple(HostSpec(service, Position(file, 1, 1)) for service in services)


def _check_files(outlines: list[Outline | None], folder: Path, page: Page) -> None:
    for outline in outlines:
        if outline is not None and isinstance(outline.step, Pytest) and not (folder / outline.step.file).is_file():
            node = outline.values.nodes["pytest"]
            page.wrong(
                node,
                f"there is no file {quoted(str(outline.step.file))} beside the scenario",
                "look at the path",
            )


def _read_families(node: Node, page: Page) -> tuple[Family, ...] | None:
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        page.wrong(node, "a list of families is expected here, and it is empty", "write `4`, `6` or `dual`")
        return None
    families = [_family(item, page) for item in items]
    good = tuple(dict.fromkeys(family for family in families if family is not None))
    if None not in families and len(good) < len(families):
        page.wrong(node, "a family stands here twice", "keep one of them")
    return good or None


def _family(node: Node, page: Page) -> Family | None:
    if isinstance(node, Scalar) and node.text in _FAMILIES:
        return _FAMILIES[node.text]
    if not isinstance(node, Scalar):
        note_kind(node, page, "4, 6 or dual")
        return None
    digits = [digit for digit in "46" if digit in node.text]
    hint = f"write `{digits[0]}`" if len(digits) == 1 else did_you_mean(node.text, _FAMILIES, kinds="families")
    page.wrong(node, f"{quoted(node.text)} is not a family", hint)
    return None


def _is_engine(name: Scalar, page: Page) -> bool:
    if name.text in ENGINES:
        return True
    page.wrong(name, f"unknown engine {quoted(name.text)}", did_you_mean(name.text, ENGINES, kinds="engines"))
    return False


def _read_why(node: Node, page: Page) -> str | None:
    if isinstance(node, Scalar) and (node.is_null or not node.text.strip()):
        page.wrong(node, "the reason is missing", "write why it cannot hold there")
        return None
    return TEXT.read(node, page)


def _read_steps(node: Node, page: Page) -> list[Outline | None] | None:
    return read_steps(node, page)


_NAME = Key("name", TEXT, "a title; the file's name unless something else is said")
_ABOUT = Key("about", TEXT, "what is claimed, and what is so")
_TAGS = Key("tags", list_of(WORD, "a list of tags"), "words for `-k`")
_FAMILY_SCHEMA = {"enum": [4, 6, "4", "6", "dual"]}
_IP = Key(
    "ip",
    Kind(
        "4, 6, dual or a list",
        _read_families,
        {
            "anyOf": [
                _FAMILY_SCHEMA,
                {"type": "array", "items": _FAMILY_SCHEMA, "minItems": 1, "uniqueItems": True},
            ]
        },
    ),
    "the family that the lab speaks: 4, 6 or dual; a list: once with each",
)
_SEED = Key("seed", WHOLE, "all chance is drawn from this number; 1 unless something else is said")
_SKIP = Key(
    "skip",
    text_map(
        "a map of engines and reasons",
        "{docker: why}",
        _is_engine,
        "^(docker|netns)$",
        Kind("a reason", _read_why, TEXT.schema),
    ),
    "engines on which it can't hold, each with the reason",
)
_ALLOW = Key("allow", one_of("something to allow", ("internet",)), "`internet` opens the lab; the report says so")
_HOSTS = Key("hosts", HOSTS, "services of compose.yaml by name; without it all of them, once each")
_STEPS = Key(
    "steps", Kind("a list of steps", _read_steps, {"type": "array"}), "what happens, in order of time", required=True
)
TOP_KEYS = table(_NAME, _ABOUT, _TAGS, _IP, _SEED, _SKIP, _ALLOW, _HOSTS, _STEPS)
