"""A plan -> the settings of agents that are plain processes."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from labctl.agent.settings import settings_from
from labctl.engine.fake.orders import orders_for, search_path
from labctl.plan.model import ProgramFolder
from tests.contract.plans import plan_of

PLAN = plan_of("left", "right")


def test_each_host_has_a_home_of_its_own() -> None:
    """Under the lab's folder, by its name."""
    orders = orders_for(PLAN, Path("/run/homes"), 1000, 1000)
    assert [order["home"] for order in orders] == ["/run/homes/left", "/run/homes/right"]


def test_programs_are_whoever_runs_the_lab() -> None:
    """There is nobody else to be."""
    how = settings_from(orders_for(PLAN, Path("/run/homes"), 1234, 5678)[0]).how
    assert (how.uid, how.gid, how.own_user_namespace) == (1234, 5678, False)


def test_the_projects_programs_are_found_where_they_lie() -> None:
    """In the place that a host would show them at, before what the machine has there."""
    folder = ProgramFolder(source=Path("/project/bin"), target="/opt/lab/bin")
    host = replace(PLAN.hosts[0], programs=(folder,), path=("/usr/local/bin", "/opt/lab/bin", "/bin"))
    assert search_path(host) == ["/usr/local/bin", "/project/bin", "/opt/lab/bin", "/bin"]
