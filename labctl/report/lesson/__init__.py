"""A scenario -> a lesson, in words: who takes part, what will happen at each step, and which calls are at play."""

from labctl.report.lesson.lesson import lesson

__all__ = ["lesson"]
