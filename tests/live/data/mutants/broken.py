"""A testinfra module that can't be imported."""

raise ImportError("on purpose")
