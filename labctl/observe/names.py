"""What is called how in a run's folder."""

from __future__ import annotations

JOURNAL = "journal.jsonl"
PLAN = "plan.json"
SCENARIO = "scenario.yaml"
CAPTURE = "capture.pcapng"
PAGE = "report.html"
TRACES = "traces"
OUTPUTS = "outputs"


def trace_name(key: str) -> str:
    """The file of a program's trace, by its key (`client#3`)."""
    return f"{key.replace('#', '.')}.strace"
