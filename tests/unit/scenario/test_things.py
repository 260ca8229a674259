"""What scenarios say of testinfra's modules is what testinfra has."""

from __future__ import annotations

import inspect

import pytest

from labctl.scenario.model import Thing
from labctl.scenario.states.thing_kinds import ARGUMENTS, VALUES, shape_of
from labctl.scenario.states.things import ADDR_PORT, ARGUED, ELSEWHERE, THINGS

modules = pytest.importorskip("testinfra.modules")
base = pytest.importorskip("testinfra.backend.base")
addr = pytest.importorskip("testinfra.modules.addr")

# A process has what ps(1) can print, a command what its result holds: neither is a module's property.
PROPERTIES = [
    (module, attribute)
    for module, shape in THINGS.items()
    for attribute in shape.attributes
    if module not in ("process", "command")
]


@pytest.mark.parametrize("module", THINGS)
def test_testinfra_has_the_module(module: str) -> None:
    assert modules.get_module_class(module if module != "mount_point" else "mount_point")


@pytest.mark.parametrize(("module", "attribute"), PROPERTIES)
def test_testinfra_has_the_attribute_as_a_property_without_arguments(module: str, attribute: str) -> None:
    assert isinstance(inspect.getattr_static(modules.get_module_class(module), attribute), property)


@pytest.mark.parametrize("attribute", THINGS["command"].attributes)
def test_a_command_has_what_testinfras_result_holds(attribute: str) -> None:
    result = base.CommandResult(None, 0, b"", "", "")

    assert hasattr(result, attribute)


@pytest.mark.parametrize("attribute", ADDR_PORT.attributes)
def test_a_port_of_an_address_has_the_attribute(attribute: str) -> None:
    assert isinstance(inspect.getattr_static(addr._AddrPort, attribute), property)


@pytest.mark.parametrize("module", THINGS)
def test_every_argument_and_value_has_a_reader(module: str) -> None:
    assert THINGS[module].argument in ARGUMENTS
    assert set(THINGS[module].attributes.values()) <= set(VALUES)


def test_what_is_said_of_other_modules_and_attributes_is_of_others() -> None:
    assert not set(ELSEWHERE) & set(THINGS)
    assert not [(m, a) for m, others in ARGUED.items() for a in others if a in THINGS[m].attributes]


@pytest.mark.parametrize(
    ("argument", "is_port"),
    [("cheerios", False), ("cheerios:51717", True), ("10.0.0.2:7", True), ("[::1]:7", True), ("::1", False)],
)
def test_an_address_with_a_port_has_only_what_a_port_has(argument: str, is_port: bool) -> None:
    assert (shape_of(Thing("addr", argument)) is ADDR_PORT) == is_port
