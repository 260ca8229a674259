"""A drawing -> a ladder of characters, in columns or, where there are many programs, on rails."""

from labctl.report.ladder.ladder import ladder, most_columns

__all__ = ["ladder", "most_columns"]
