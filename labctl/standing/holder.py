"""A plan -> a process that holds the lab and lets visitors in, until it is told to take it down."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import msgspec

from labctl.engine.contract import Engine, EngineError, Say
from labctl.plan.model import Plan
from labctl.runner.records import HOLDERS_LOG, keep_written
from labctl.standing.places import socket_path
from labctl.standing.serve import Holder

_WAITS = 16
NO_LABELS: Mapping[str, str] = MappingProxyType({})


def hold(
    engine: Callable[[], Engine],
    plan: Plan,
    name: str,
    claimed: int,
    folder: Path,
    say: Say,
    labels: Mapping[str, str] = NO_LABELS,
) -> None:
    """Bring a lab up in a process of its own and return when it stands. EngineError if it could not be built.

    `claimed` is the claim to the name (labctl.standing.places.claim), which the process keeps from here on;
    `labels` are what `labctl up --label` gave it. On an interrupt nothing is left.
    """
    news_in, news_out = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(news_in)
            os.setsid()
            if os.fork() == 0:
                _be_holder(engine, plan, name, folder, news_out, labels)
        os._exit(0)
    os.close(news_out)
    os.close(claimed)
    os.waitpid(child, 0)
    with os.fdopen(news_in, "rb") as news:
        _follow(news, say)


def _follow(news: BinaryIO, say: Say) -> None:
    """Pass the holder's progress on until it says that the lab stands, or why it doesn't."""
    holder = 0
    try:
        while line := news.readline():
            words = msgspec.json.decode(line)
            if "error" in words:
                raise EngineError(words["error"], hint=words["hint"])
            if "up" in words:
                return
            holder = words.get("pid", holder)
            if "doing" in words:
                say(words["doing"])
    except EngineError:
        raise
    except BaseException:  # an interrupt, or whoever is told of the progress wants no more of it
        if holder:
            os.kill(holder, signal.SIGTERM)
        while news.readline():  # its end comes when nothing of the lab is left
            pass
        raise
    raise EngineError("the process that was to hold the lab died")


def _be_holder(
    engine: Callable[[], Engine], plan: Plan, name: str, folder: Path, news: int, labels: Mapping[str, str]
) -> None:
    """The holder's whole life. Its standard streams go to a log in the lab's folder."""
    path = socket_path(name)
    log = _redirect(folder / HOLDERS_LOG)

    def tell(**words: Any) -> None:  # Any: JSON's own types
        with contextlib.suppress(BrokenPipeError):
            os.write(news, msgspec.json.encode(words) + b"\n")

    def say(words: str) -> None:
        tell(doing=words)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    tell(pid=os.getpid())
    try:
        made = engine()
        made.prepare(plan, say)
        lab = made.up(plan, lab=f"{name}-{os.urandom(4).hex()}", folder=folder, say=say)
    except EngineError as error:
        tell(error=str(error), hint=error.hint)
        return
    except Exception:  # all: nobody sees this process's own last words; who asked for the lab is told them
        tell(error=f"the lab could not be built: {traceback.format_exc()}", hint="")
        return
    holder: Holder | None = None
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # of an earlier holder that was killed: the name is ours
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(_WAITS)
        holder = Holder(lab, made.name, listener, labels)
        tell(up=True)
        os.close(news)
        holder.serve()
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        lab.down()
        if not log.stat().st_size:
            log.unlink()
        if holder is not None:
            holder.say_goodbye()


def _redirect(log: Path) -> Path:
    """Standard output and error to the log, standard input from nowhere."""
    descriptor = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    keep_written(descriptor)
    null = os.open(os.devnull, os.O_RDONLY)
    for standard, source in ((0, null), (1, descriptor), (2, descriptor)):
        os.dup2(source, standard)
    return log
