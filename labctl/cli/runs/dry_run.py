"""What `labctl run --dry-run` was asked for -> the plan of it, printed or in a file. Builds and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.cli.ci.files import write_whole
from labctl.cli.runs.wishes import Wishes
from labctl.cli.terminal.device import Device
from labctl.runner.select import Selected


def show_plan(wishes: Wishes, selected: Sequence[Selected], device: Device) -> int:
    """Show it; the exit code. No engine is asked: for `auto` both answers are told where they differ."""
    from labctl.report.document import as_json
    from labctl.report.dry_run import plan_lines, planned

    document = planned(selected, engine=wishes.engine, seed=wishes.seed, jobs=wishes.jobs, sees=wishes.see)
    if wishes.as_json:
        device.result(as_json(document))
        return device.ending(0)
    if wishes.json_file is not None:
        try:
            write_whole(wishes.json_file, as_json(document).encode() + b"\n")
        except OSError as error:
            device.miss(f"the plan can't be written to {wishes.json_file}: {error.strerror}")
    device.result("\n".join(plan_lines(document, device.result_look)))
    return device.ending(0)
