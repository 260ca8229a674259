"""The agent's modules, or the sidecar's -> a bundle that a bare interpreter on a host can run.

The first process of a container runs COMMAND. It reads one bundle, each part of it with its length before it, from
its standard input, and becomes what the bundle says; from then on standard input and output carry frames. Modules
travel compiled, for an interpreter that reads the same byte code, and as source for every other one. What starts
there imports as little as it can: every millisecond of it is waited for.
"""

from __future__ import annotations

import functools
import json
import marshal
import zlib
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path

_LOADER = """
import gc, sys, marshal, zlib
gc.disable()
from _frozen_importlib_external import MAGIC_NUMBER
come = sys.stdin.buffer.raw
def take(size):
    data = b""
    while len(data) < size:
        piece = come.read(size - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data
settings = take(int.from_bytes(take(4), "big"))
magic, entry, modules = marshal.loads(zlib.decompress(take(int.from_bytes(take(4), "big"))))
class Bundle:
    def find_spec(self, name, path=None, target=None):
        if name in modules:
            return type(sys.__spec__)(name, self, is_package=modules[name] is None)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        if modules[module.__name__] is not None:
            source, code = modules[module.__name__]
            ready = marshal.loads(code) if magic == MAGIC_NUMBER else compile(source, module.__name__, "exec")
            exec(ready, module.__dict__)
sys.meta_path.insert(0, Bundle())
import json
__import__(entry, fromlist=["main"]).main(json.loads(settings))
"""

COMMAND = ("python3", "-I", "-S", "-u", "-c", _LOADER)
"""What a container runs. It says nothing until a bundle came, and ends when its input ends before that."""


AGENT = "labctl.agent.serve"
SIDECAR = "labctl.sidecar.serve"
PROBE = "labctl.sidecar.probe"
"""Modules whose `main` can be run there."""

_ROOMS = {AGENT: ("agent",), SIDECAR: ("agent", "sidecar"), PROBE: ("agent", "sidecar")}


def bundle(settings: dict[str, object], *, entry: str = AGENT) -> bytes:
    """What the `main` of the entry module is told, and all modules that it may need.

    It is compressed: of a host that doesn't start nobody reads it, and then it should fit into what lies between.
    """
    return b"".join(len(part).to_bytes(4, "big") + part for part in (json.dumps(settings).encode(), _packed(entry)))


@functools.cache
def _packed(entry: str) -> bytes:
    modules: dict[str, tuple[str, bytes] | None] = {"labctl": None}
    for room in _ROOMS[entry]:
        modules |= _modules(room)
    return zlib.compress(marshal.dumps((MAGIC_NUMBER, entry, modules)))


def _modules(room: str) -> dict[str, tuple[str, bytes] | None]:
    """A room's modules by name: source and byte code, None for the room itself."""
    modules: dict[str, tuple[str, bytes] | None] = {f"labctl.{room}": None}
    for path in sorted((Path(__file__).parent.parent / room).glob("*.py")):
        if path.stem not in ("__init__", "boot"):
            name = f"labctl.{room}.{path.stem}"
            code = SourceFileLoader(name, str(path)).get_code(name)
            modules[name] = (path.read_text(), marshal.dumps(code))
    return modules
