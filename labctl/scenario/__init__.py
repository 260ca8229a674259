"""Scenario files: YAML text -> Scenario, or every problem with file:line:column. Start at read.py."""
