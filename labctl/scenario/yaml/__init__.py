"""YAML text -> tree of nodes with positions, and what is said where it is no YAML. Start at tree.py."""
