"""A multi-host network lab for socket programs."""

__version__ = "0.1.0"
