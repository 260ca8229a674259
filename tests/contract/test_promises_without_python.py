"""What is promised of every host holds where its image has no Python, too: tests of other modules, asked once more.

A few of each subject; with LABCTL_TEST_ENGINES=docker-without-python each module asks all of its own.
"""

from __future__ import annotations

import pytest

from labctl.engine.contract import Engine
from tests.contract import test_isolation, test_limits, test_privileges, test_states, test_tracing
from tests.contract.conftest import NETWORKED, engine_named
from tests.contract.hosts import StandingLab
from tests.contract.without_python import IMAGE

pytestmark = pytest.mark.skipif("docker" not in NETWORKED, reason="of other engines' hosts nothing is in an image")


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Docker, with images in which only programs find a Python."""
    return engine_named("docker-without-python")


def test_the_agents_python_is_labctls(lab: StandingLab) -> None:
    """That is what makes the others here mean something."""
    assert f"there is no Python in the image '{IMAGE}'" in lab.plan.notes[-1]


small_lab = test_limits.small_lab

test_processes_are_limited = test_limits.test_processes_are_limited
test_memory_is_limited = test_limits.test_memory_is_limited
test_what_is_in_force_is_read_back_and_told = test_limits.test_what_is_in_force_is_read_back_and_told
test_the_end_of_a_fork_bomb_spares_others = test_limits.test_the_end_of_a_fork_bomb_spares_others

test_programs_have_no_capability = test_privileges.test_programs_have_no_capability
test_what_only_the_mighty_may_do_is_refused = test_privileges.test_what_only_the_mighty_may_do_is_refused
test_programs_can_not_look_into_each_other = test_privileges.test_programs_of_one_host_can_not_look_into_each_other
test_no_kernel_setting_can_be_changed = test_privileges.test_no_kernel_setting_can_be_changed

test_no_descriptor_of_labctls_reaches_a_program = test_isolation.test_no_descriptor_of_labctls_reaches_a_program

test_connections_that_wait_for_accept_are_counted = test_states.test_connections_that_wait_for_accept_are_counted
test_who_closes_first_is_left_in_time_wait = test_states.test_who_closes_first_is_left_in_time_wait

test_a_tracer_has_one_right = test_tracing.test_a_tracer_has_one_right
test_time_limits_of_many_at_once_spare_others = test_tracing.test_time_limits_of_many_at_once_spare_others
