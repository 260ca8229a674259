"""A process that owns a lab, for tests that interrupt or kill it.

    python -m tests.contract.owner ENGINE LAB FOLDER MOMENT

MOMENT 0: bring it up, start a program with a daemon, say `up`, wait. Else: interrupt oneself as soon as that many
parts of the lab are there, and exit 130.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from labctl.agent.processes import descendants, processes
from labctl.engine.contract import Lab
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from tests.contract.conftest import ENGINES
from tests.contract.hosts import StandingLab, silently
from tests.contract.plans import plan_of
from tests.contract.waiting import until

PLAN = plan_of("left", "right")
BUSY = """
    import os, signal
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("daemon")
        signal.pause()
    signal.pause()
"""


def main(engine: str, lab: str, folder: Path, moment: int) -> int:
    """Own a lab until told, interrupted or killed."""
    if moment:
        return interrupted(engine, lab, folder, moment)
    standing = StandingLab(ENGINES[engine](), PLAN, folder, lab=lab)
    standing.host("left").begin_python(BUSY).printed(b"daemon\n")
    print("up", flush=True)
    sys.stdin.read()
    standing.lab.down()
    return 0


def interrupted(engine: str, lab: str, folder: Path, moment: int) -> int:
    """Bring it up and be interrupted meanwhile."""
    standing: Lab | None = None
    threading.Thread(target=interrupt, args=(engine, lab, moment), daemon=True).start()
    try:
        standing = ENGINES[engine]().up(PLAN, lab=lab, folder=folder, say=silently)
        signal.pause()
    except KeyboardInterrupt:
        if standing is not None:
            standing.down()
    return 130


def interrupt(engine: str, lab: str, moment: int) -> None:
    """Interrupt the main thread when so many parts of the lab are there."""
    daemon = Daemon(find_endpoint()) if engine == "docker" else None

    def parts() -> int:
        if daemon is not None:
            return len(daemon.networks(lab)) + len(daemon.containers(lab))
        return len(descendants(os.getpid(), processes()))

    until(lambda: parts() >= moment, within_s=60)
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    signal.pthread_kill(main_thread, signal.SIGINT)


if __name__ == "__main__":
    name, lab_id, its_folder, when = sys.argv[1:]
    sys.exit(main(name, lab_id, Path(its_folder), int(when)))
