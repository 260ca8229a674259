"""The agent's modules, or a sidecar's -> a bundle that a bare interpreter on a host can run.

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
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType

from labctl.agent.carried import begun, carried

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

CARRIED_COMMAND = (*begun(carried(COMMAND[0])), *COMMAND[1:])
"""The same where labctl has put Python into the image."""

AGENT = "labctl.agent.serve"
SIDECAR = "labctl.sidecar.serve"
CAPTURE = "labctl.sidecar.capture"
PROBE = "labctl.sidecar.probe"
WALL = "labctl.sidecar.wall"
FITNESS = "labctl.agent.fitness"
PACKING = "labctl.sidecar.packing"
"""Modules whose `main` can be run there."""


def bundle(settings: dict[str, object], *, entry: str = AGENT) -> bytes:
    """What the `main` of the entry module is told, and all modules that it may need.

    It is compressed: of a host that doesn't start nobody reads it, and then it should fit into what lies between.
    """
    return b"".join(len(part).to_bytes(4, "big") + part for part in (json.dumps(settings).encode(), _packed(entry)))


@functools.cache
def _packed(entry: str) -> bytes:
    return zlib.compress(marshal.dumps((MAGIC_NUMBER, entry, _modules(entry))))


def _modules(entry: str) -> dict[str, tuple[str, bytes] | None]:
    """A module and all of labctl's that it may import, by name: source and byte code, None for a room itself."""
    modules: dict[str, tuple[str, bytes] | None] = {"labctl": None}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name not in modules and path.is_file():
            code = SourceFileLoader(name, str(path)).get_code(name)
            assert code is not None  # of a source file there always is some
            modules |= {name.rpartition(".")[0]: None, name: (path.read_text(), marshal.dumps(code))}
            waiting += _imported(code)
    return modules


def _path(module: str) -> Path:
    return Path(__file__).parents[2].joinpath(*module.split(".")).with_suffix(".py")


def _imported(code: CodeType) -> list[str]:
    """What may be modules of labctl's among the names in this code, and in that of its functions: a few too many."""
    names = {name for name in _names(code) if not name.startswith("_")}
    ours = {name for name in names if name.startswith("labctl.")}
    return [*ours, *(f"{room}.{name}" for room in ours if room.count(".") == 1 for name in names - ours)]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)
