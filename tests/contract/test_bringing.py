"""What a plan brings to a host is there, on every engine, and nobody there can change it."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from labctl.engine.contract import Engine
from labctl.plan.model import ProgramFolder
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of

PLACE = "/opt/lab/given/1"


def test_a_folder_is_brought_and_its_programs_run(engine: Engine, tmp_path: Path) -> None:
    """With folders in it, and links; read-only."""
    folder = tmp_path / "mine"
    (folder / "lib").mkdir(parents=True)
    (folder / "hello").write_text('#!/bin/sh\ncat "$(dirname "$0")/lib/word"\n')
    (folder / "lib" / "word").write_text("hello from here\n")
    (folder / "also").symlink_to("hello")
    os.chmod(folder / "hello", 0o755)
    for place in (tmp_path, *tmp_path.parents):  # a host of root's is owned by nobody special
        if place.owner() == Path.home().owner() and place != Path("/"):
            os.chmod(place, place.stat().st_mode | 0o055)
    plan = plan_of("left")
    plan = replace(plan, hosts=(replace(plan.hosts[0], brought=(ProgramFolder(folder, PLACE),)),))

    (tmp_path / "lab").mkdir()
    with StandingLab(engine, plan, tmp_path / "lab") as lab:
        here = lab.host("left")
        assert here.run(f"{PLACE}/hello").stdout == b"hello from here\n"
        assert here.run(f"{PLACE}/also").stdout == b"hello from here\n"
        assert here.run("sh", "-c", f"echo x > {PLACE}/hello").ending != "exit 0"
        assert here.run("sh", "-c", f"rm -f {PLACE}/lib/word; cat {PLACE}/lib/word").stdout == b"hello from here\n"
