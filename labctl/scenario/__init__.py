"""Scenario files: YAML text -> Scenario, or every problem with file:line:column."""

from labctl.scenario.names import hosts_of as hosts_of
from labctl.scenario.problems import Position as Position
from labctl.scenario.problems import Problem as Problem
from labctl.scenario.problems import ScenarioError as ScenarioError
from labctl.scenario.read import read_scenario as read_scenario
