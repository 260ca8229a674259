"""What a sidecar is told, and which faults a kernel's mechanisms allow."""

from __future__ import annotations

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.sidecar import NEEDS, demand_attendable, findings, hindrances, settings_for
from labctl.plan.make import make_plan
from labctl.scenario.model import Family
from labctl.sidecar.probe import MECHANISMS
from tests.unit.plan.wanted import compose, host, scenario

PLAN = make_plan(scenario(host("cheerios"), host("client")), compose("cheerios", "client"), Family.DUAL)


def test_a_sidecar_knows_its_own_addresses_and_everybodys_names() -> None:
    cheerios, client = PLAN.hosts

    assert settings_for(PLAN, "cheerios", has_own_queue=True) == {
        "host": "cheerios",
        "addresses": [cheerios.address4, cheerios.address6],
        "names": {address: one.name for one in (cheerios, client) for address in one.addresses},
        "has_own_queue": True,
        "force_buffer": True,
    }


def test_what_was_not_looked_at_is_not_said() -> None:
    """Then whoever starts the sidecar has to look."""
    assert "has_own_queue" not in settings_for(PLAN, "client")


def test_a_host_that_is_not_up_can_not_be_attended() -> None:
    up = {"client": None}

    demand_attendable(["client"], PLAN, up)
    with pytest.raises(EngineError, match="host cheerios can't be attended: it was halted"):
        demand_attendable(["client", "cheerios"], PLAN, up)
    with pytest.raises(EngineError, match="host milk can't be attended: there is client"):
        demand_attendable(["milk"], PLAN, up)


def test_a_command_that_is_missing_is_told_with_its_package() -> None:
    found = findings({"nft tables": "there is no command 'nft' here", "packet queue": "", "nft dup": "refused"})

    assert [(one.what, one.works, one.mend) for one in found] == [
        ("nft tables", False, "apt-get install nftables"),
        ("packet queue", True, ""),
        ("nft dup", False, ""),
    ]


def test_every_need_is_a_mechanism_that_is_tried() -> None:
    assert {name for ways in NEEDS.values() for one in ways for name in one} == set(MECHANISMS)


def test_a_fault_is_hindered_by_what_it_needs_and_by_nothing_else() -> None:
    works = dict.fromkeys(MECHANISMS, "")

    assert [fault for fault in NEEDS if hindrances(fault, findings(works))] == []
    assert [fault for fault in NEEDS if hindrances(fault, findings(works | {"nft dup": "no"}))] == ["duplicate"]
    assert [fault for fault in NEEDS if hindrances(fault, findings(works | {"nft queue": "no"}))] == []
    without = findings(works | {"nft queue": "no", "iptables NFQUEUE": "no"})
    left = ["cut", "cut with an answer", "drop of datagrams", "drop of fragments"]
    assert [fault for fault in NEEDS if not hindrances(fault, without)] == left
    unnumbered = findings(dict(works, **{"packet queue": "no", "nft numgen": "no"}))
    assert hindrances("drop of datagrams", unnumbered) == ("packet queue",)
    assert hindrances("delay", without) == ("nft queue",)
