"""compose.yaml -> services as a lab takes them, and a note for each key that a lab can't honour.

The format: https://github.com/compose-spec/compose-spec. Compose never sees this file when labctl runs.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from labctl.plan.attachments import Attachment, demand_once, read_attachments
from labctl.plan.building import read_build
from labctl.plan.dockerfile import STANDARD_PATH
from labctl.plan.healthcheck import read_healthcheck
from labctl.plan.image import Image, built, named
from labctl.plan.model import Building, Health, Limits, ProgramFolder
from labctl.plan.networks import MOST_NETWORKS, NetworkAsked, read_networks
from labctl.plan.values import (
    merged,
    read_environment,
    read_size,
    read_sysctls,
    read_ulimits,
    read_whole,
)
from labctl.scenario.problems import Position, ScenarioError, quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Mapping, Node, Scalar, Sequence, Tree, read_tree


class Service(Struct, frozen=True, kw_only=True):
    """A kind of host. `networks`: where it is, in order; none stands for the default one.

    `notes`: what a lab, or a lab without Docker, can't honour of it, and where.
    """

    name: str
    at: Position
    image: str
    build: Path | None = None
    dockerfile: str = "Dockerfile"
    programs: tuple[ProgramFolder, ...] = ()
    path: tuple[str, ...] = tuple(STANDARD_PATH.split(":"))
    environment: dict[str, str] = {}
    sysctls: dict[str, str] = {}
    limits: Limits = Limits()
    networks: tuple[Attachment, ...] = ()
    health: Health | None = None
    building: Building = Building()
    notes: tuple[str, ...] = ()


class ComposeFile(Struct, frozen=True):
    """The services of a compose.yaml in the order of the page, and the networks that it says something of."""

    path: Path
    services: dict[str, Service]
    notes: tuple[str, ...] = ()
    networks: dict[str, NetworkAsked] = {}


_LABS_OWN = {
    *("cap_drop", "command", "container_name", "dns", "dns_opt", "dns_search", "domainname", "entrypoint"),
    *("hostname", "init", "labels", "logging", "mac_address", "profiles", "pull_policy"),
    *("read_only", "restart", "security_opt", "stdin_open", "stop_grace_period", "stop_signal", "tmpfs"),
    *("tty", "user", "working_dir"),
}
"""Keys that say how a host idles, is named and connected when Compose runs it; a lab sees to that itself."""

_TAKEN = {"build", "environment", "healthcheck", "image", "mem_limit", "networks", "pids_limit", "sysctls", "ulimits"}

_REASONS = {
    "cap_add": "programs never have privileges",
    "depends_on": "hosts come up together, and steps say what happens when; `ready: healthy` waits for a healthcheck",
    "devices": "programs never have privileges",
    "env_file": "write the variables under 'environment'",
    "extra_hosts": "names are those of the lab's hosts",
    "links": "names are those of the lab's hosts",
    "network_mode": "a host has an interface of its own on each of the lab's networks",
    "ports": "nothing outside reaches a lab",
    "privileged": "programs never have privileges",
    "volumes": "a host starts with fresh folders; put files into the image",
}

_UNREADABLE = {
    "extends": "write the service out",
    "include": "write its services out",
}


def read_compose(path: Path) -> ComposeFile:
    """The services of a compose.yaml and of its Dockerfiles. Raises ScenarioError with all that is wrong."""
    tree = read_tree(path)
    page = Page(tree)
    reader = _Reader(path, tree, page)
    compose = reader.read()
    if page.problems:
        raise ScenarioError(page.problems)
    return compose


class _Reader:
    def __init__(self, path: Path, tree: Tree, page: Page) -> None:
        self._path = path
        self._root = tree.root
        self._page = page
        self._networks: dict[str, NetworkAsked] = {}

    def read(self) -> ComposeFile:
        services: dict[str, Service] = {}
        notes: list[str] = []
        if not isinstance(self._root, Mapping):
            note_kind(self._root, self._page, "a map with 'services'")
            return ComposeFile(self._path, services)
        for key, value in self._root.entries:
            if key.text == "networks":
                self._networks = read_networks(value, self._page)
                _refuse_variables({"networks": value}, self._page)
                if len(self._networks) > MOST_NETWORKS:
                    message = f"{len(self._networks)} networks are more than the {MOST_NETWORKS} that a lab can have"
                    self._page.wrong(key, message, "remove some of them")
        for key, value in self._root.entries:
            if key.text == "services":
                services = self._services(value)
            elif key.text in _UNREADABLE:
                self._page.wrong(key, f"labctl does not read {quoted(key.text)}", _UNREADABLE[key.text])
            elif key.text not in (
                "name",
                "version",
                "networks",
                "volumes",
                "secrets",
                "configs",
            ) and not _is_extension(key):
                notes.append(_note(key, "", ""))
        if not services and not self._page.problems:
            self._page.wrong(
                self._root, "no services stand here", "add `services:` with one service for each kind of host"
            )
        demand_once(((one.name, where) for one in services.values() for where in one.networks), self._page)
        return ComposeFile(self._path, services, tuple(notes), self._networks)

    def _services(self, node: Node) -> dict[str, Service]:
        if not isinstance(node, Mapping):
            note_kind(node, self._page, "a map of services")
            return {}
        services = {}
        for key, value in node.entries:
            if isinstance(value, Mapping):
                services[key.text] = self._service(key, merged(value, self._page))
            else:
                note_kind(value, self._page, "a service, as a map")
        return services

    def _service(self, name: Scalar, entries: dict[str, tuple[Scalar, Node]]) -> Service:
        page, where = self._page, self._path.parent
        nodes = {key: value for key, (_, value) in entries.items() if key in _TAKEN}
        image = nodes.get("image")
        tag = (
            image.text
            if isinstance(image, Scalar)
            else f"labctl-{self._path.resolve().parent.name}-{name.text}".lower()
        )
        if image is not None and not (isinstance(image, Scalar) and not image.is_null):
            note_kind(image, page, "the name of an image")
        recipe, building = Image(), Building()
        found: list[str] = []
        if "build" in nodes:
            asked = read_build(nodes["build"], page, where, lambda at, words: found.append(f"{at.at}: {words}"))
            building = asked.building
            recipe = built(asked, nodes["build"], page)
        elif image is None:
            page.wrong(name, f"the service {quoted(name.text)} has neither 'image' nor 'build'", "add one of them")
        else:
            recipe = named(tag)
        _refuse_variables(nodes, page)
        environment = recipe.environment | (
            read_environment(nodes["environment"], page) if "environment" in nodes else {}
        )
        path = environment.pop("PATH", STANDARD_PATH)
        networks, notes = read_attachments(nodes.get("networks"), self._networks, page)
        health = (
            read_healthcheck(nodes["healthcheck"], page, lambda at, words: found.append(f"{at.at}: {words}"))
            if "healthcheck" in nodes
            else None
        )
        return Service(
            name=name.text,
            at=name.at,
            image=tag,
            build=recipe.context,
            dockerfile=recipe.dockerfile,
            programs=recipe.programs,
            path=tuple(folder for folder in path.split(":") if folder),
            environment=environment,
            sysctls=read_sysctls(nodes["sysctls"], page) if "sysctls" in nodes else {},
            limits=_limits(nodes, page),
            networks=networks,
            health=health,
            building=building,
            notes=(*self._not_honoured(name, entries), *notes, *found, *recipe.notes),
        )

    def _not_honoured(self, name: Scalar, entries: dict[str, tuple[Scalar, Node]]) -> list[str]:
        notes = []
        for key, _ in entries.values():
            if key.text in _UNREADABLE:
                self._page.wrong(key, f"labctl does not read {quoted(key.text)}", _UNREADABLE[key.text])
            elif key.text not in _TAKEN and key.text not in _LABS_OWN and not _is_extension(key):
                notes.append(_note(key, name.text, _REASONS.get(key.text, "")))
        return notes


def _limits(nodes: dict[str, Node], page: Page) -> Limits:
    ulimits = read_ulimits(nodes["ulimits"], page) if "ulimits" in nodes else {}
    memory = read_size(nodes["mem_limit"], page) if "mem_limit" in nodes else None
    processes = read_whole(nodes["pids_limit"], page) if "pids_limit" in nodes else None
    asked = {
        "processes": processes or None,
        "memory": memory or None,
        "files": ulimits.get("nofile"),
        "file_size": ulimits.get("fsize"),
    }
    given: dict[str, int] = {name: value for name, value in asked.items() if value is not None}
    return replace(Limits(), **given, asked=tuple(given))


def _refuse_variables(nodes: dict[str, Node], page: Page) -> None:
    """Compose would fill `$NAME` in from the caller's environment; a lab is the same for every caller."""
    waiting = list(nodes.values())
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            waiting += [value for _, value in node.entries]
        elif isinstance(node, Sequence):
            waiting += node.items
        elif "$" in node.text.replace("$$", ""):
            page.wrong(
                node,
                f"labctl fills in no variables: {quoted(node.text)}",
                "write the value, and $$ for a plain $",
            )


def _is_extension(key: Scalar) -> bool:
    return key.text.startswith("x-")


def _note(key: Scalar, service: str, reason: str) -> str:
    of = f" of {quoted(service)}" if service else ""
    return f"{key.at}: a lab takes no {quoted(key.text)}{of}" + (f": {reason}" if reason else "")
