"""The agent's source -> a bundle that a bare interpreter on a host can run.

The first process of a container runs COMMAND. It reads one length-prefixed bundle from its standard input and
becomes the agent; from then on standard input and output carry frames.
"""

from __future__ import annotations

import json
from pathlib import Path

_LOADER = """
import sys, json, importlib.abc, importlib.util
size = int.from_bytes(sys.stdin.buffer.raw.read(4), "big")
data = b""
while len(data) < size:
    piece = sys.stdin.buffer.raw.read(size - len(data))
    if not piece:
        sys.exit(0)
    data += piece
bundle = json.loads(data)
class Bundle(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name in bundle["modules"]:
            package = bundle["modules"][name] is None
            return importlib.util.spec_from_loader(name, self, is_package=package)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        source = bundle["modules"][module.__name__]
        if source is not None:
            exec(compile(source, module.__name__, "exec"), module.__dict__)
sys.meta_path.insert(0, Bundle())
from labctl.agent.serve import main
main(bundle["settings"])
"""

COMMAND = ("python3", "-I", "-S", "-u", "-c", _LOADER)
"""What a container runs. It says nothing until a bundle came, and ends when its input ends before that."""


def bundle(settings: dict[str, object]) -> bytes:
    """The agent's modules and its settings (labctl.agent.serve), length first."""
    modules: dict[str, str | None] = {"labctl": None, "labctl.agent": None}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "boot"):
            modules[f"labctl.agent.{path.stem}"] = path.read_text()
    data = json.dumps({"modules": modules, "settings": settings}).encode()
    return len(data).to_bytes(4, "big") + data
