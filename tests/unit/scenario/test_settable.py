"""Which kernel settings a scenario may declare, and which values."""

from __future__ import annotations

import pytest

from labctl.plan.sysctls import names_an_interface
from labctl.scenario.problems import ScenarioError
from labctl.scenario.read import scenario_of
from labctl.scenario.settable import NEIGHBOUR, SETTABLE
from labctl.scenario.yaml.tree import parse


def declared(sysctls: str) -> dict[str, str]:
    """What a scenario declares whose host has these."""
    text = f"hosts: {{client: {{sysctls: {sysctls}}}}}\nsteps: [{{on: client, run: ls}}]"
    scenario = scenario_of(parse(text, "x.yaml"), services=["client"])
    assert scenario.hosts is not None
    return scenario.hosts[0].sysctls


def test_the_list_is_what_the_language_promises() -> None:
    assert [name for name in SETTABLE if ".neigh." not in name] == [
        "net.core.somaxconn",
        "net.ipv4.icmp_ratelimit",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syn_retries",
    ]
    assert {name for name in SETTABLE if ".neigh." in name} == {
        f"net.ipv{family}.neigh.eth0.{name}" for family in (4, 6) for name in NEIGHBOUR
    }


@pytest.mark.parametrize("name", SETTABLE)
def test_both_ends_of_a_range_are_values_and_what_lies_beyond_is_none(name: str) -> None:
    values = SETTABLE[name]

    for number in (values.low, values.high):
        value = " ".join([str(number)] * values.numbers)
        assert declared(f"{{{name}: {value}}}") == {name: value}
    for number in (values.low - 1, values.high + 1):
        with pytest.raises(ScenarioError, match=f"is not a value of {name}"):
            declared(f"{{{name}: {' '.join([str(number)] * values.numbers)}}}")


@pytest.mark.parametrize("value", ["''", "1.5", "0x10", "010", "1 2", "on", "1k", "\u0661"])
def test_what_is_no_whole_number_is_no_value(value: str) -> None:
    with pytest.raises(ScenarioError, match="write a whole number from 1 to 127"):
        declared(f"{{net.ipv4.tcp_syn_retries: {value}}}")


@pytest.mark.parametrize("value", ["4096", "4096 131072", "1 2 3 4", "3 2 1", "1 3 2", "0 1 2", "1 2 x", "'1,2,3'"])
def test_the_receive_buffer_takes_three_ascending_numbers(value: str) -> None:
    with pytest.raises(ScenarioError, match="write 3 ascending whole numbers from 1 to"):
        declared(f"{{net.ipv4.tcp_rmem: {value}}}")


def test_numbers_are_given_to_the_kernel_with_one_blank_between_them() -> None:
    assert declared('{net.ipv4.tcp_rmem: "4096   8192\\t8192"}') == {"net.ipv4.tcp_rmem": "4096 8192 8192"}


def test_each_wrong_setting_of_each_host_is_told_at_its_place() -> None:
    text = """\
hosts:
  cheerios:
    sysctls:
      net.core.rmem_max: 1
      net.core.somaxconn: x
  client:
    sysctls: {net.ipv4.neigh.lo.ucast_solicit: 1}
steps: [{on: client, run: ls}]
"""
    with pytest.raises(ScenarioError) as error:
        scenario_of(parse(text, "x.yaml"), services=["cheerios", "client"])

    assert [(problem.at.line, problem.at.column) for problem in error.value.problems] == [(4, 7), (5, 27), (7, 15)]


def test_settings_of_an_interface_are_known_to_the_engines_as_such() -> None:
    """They can be set only when the interface is there."""
    assert {name for name in SETTABLE if names_an_interface(name)} == {name for name in SETTABLE if "eth0" in name}
