"""A failed scenario and its record -> what to look at in the program: mistakes that everybody makes once. Pure.

Each piece of advice is about what was seen to happen, never about how a source might look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labctl.observe.story import CallSeen, Story
from labctl.runner.outcome import ScenarioOutcome

_PORT = re.compile(r"htons\((\d+)\)")
_CRASHES = {
    "SEGV": "it used memory that it does not have: look at the sizes of buffers, and at pointers that may be NULL",
    "ABRT": "the C library ended it: a buffer was written past its end (`stack smashing`), or memory was freed twice",
    "BUS": "it used memory at an address that can't be used: look at pointers and casts",
    "FPE": "it divided by zero",
    "PIPE": "it wrote to a connection that the other end had closed: look at the order of reads, writes and closes",
    "ILL": "it ran into something that is no instruction: look at pointers to functions",
}
_READS = {"read", "recv", "recvfrom", "recvmsg"}
_ACCEPTS = {"accept", "accept4"}
_WRITES = {"write", "send", "sendto", "sendmsg"}
_LONG_NS = 1_000_000_000
_SPIN = 1000
"""Calls of one kind that fail one after another, or return 0: a loop without a way out."""


def advice(outcome: ScenarioOutcome, story: Story | None) -> tuple[str, ...]:
    """What to look at, the likeliest first; each once."""
    found = [*_of_ends(outcome)]
    if story is not None:
        found += [*_swapped(story), *_answerless(story), *_kept_open(story), *_spinning(story)]
    return tuple(dict.fromkeys(found))


def _of_ends(outcome: ScenarioOutcome) -> Iterator[str]:
    for step in outcome.steps:
        for program in step.programs:
            signal = program.ending.removeprefix("signal ")
            if program.ending.startswith("signal ") and signal in _CRASHES:
                yield f"{program.name} was ended by SIG{signal}: {_CRASHES[signal]}"
        for complaint in step.complaints:
            if found := re.match(r"(\S+?):? .*?zombies: expected (?:at most )?0, came (\d+)", complaint):
                count, name = int(found[2]), found[1]
                yield (
                    f"{name} has not waited for its children, of whom {count} have ended: call waitpid until there are "
                    "no more, in a handler of SIGCHLD"
                )


def _swapped(story: Story) -> Iterator[str]:
    """A port with its bytes in the machine's order."""
    meant = {int(word) for step in story.steps for word in re.findall(r"\b(\d{4,5})\b", step.title)}
    for call in story.calls:
        if call.name in ("bind", "connect", "sendto") and (port := _PORT.search(call.arguments)):
            number = int(port[1])
            swapped = (number >> 8) | (number & 0xFF) << 8
            if number not in meant and swapped in meant:
                yield (
                    f"{_who(story, call)} called {call.name} with port {number}, which is {swapped} with its two bytes "
                    "swapped: ports are in network byte order, so give sin_port htons(port)"
                )


def _answerless(story: Story) -> Iterator[str]:
    """A server that has read what there was and never wrote anything."""
    for lane, name in _lanes(story):
        mine = [call for call in story.calls if call.lane == lane and call.socket]
        if not any(call.name == "bind" for call in story.calls if call.lane == lane):
            continue
        read = [call for call in mine if call.name in _READS and (call.returned or 0) > 0]
        if read and not any(call.name in _WRITES for call in mine):
            seen = f"{name} read {read[0].returned} bytes and never wrote an answer"
            if any(call.begins_ns > read[0].begins_ns and _waits(call) for call in mine if call.name in _READS):
                yield f"{seen}: it waits for more in another read, and nothing in TCP says where a message ends"
            else:
                yield f"{seen}: its client waits for one"


def _waits(call: CallSeen) -> bool:
    """Whether it never returned, or not before somebody had lost patience."""
    return call.ends_ns is None or call.ends_ns - call.begins_ns > _LONG_NS


def _kept_open(story: Story) -> Iterator[str]:
    """A process that accepted connections and closed none of them."""
    for lane, name in _lanes(story):
        mine = [call for call in story.calls if call.lane == lane]
        if any(call.name.startswith("clone") and "CLONE_FILES" in call.arguments for call in mine):
            continue  # threads share their descriptors: whoever closes one has closed it
        for pid in sorted({call.pid for call in mine if call.name in _ACCEPTS}):
            own = [call for call in mine if call.pid == pid]
            accepted = {call.returned for call in own if call.name in _ACCEPTS and (call.returned or -1) >= 0}
            closes = (re.match(r"\d+", call.arguments) for call in own if call.name == "close")
            closed = {int(found[0]) for found in closes if found}
            has_ended = any(end.lane == lane and end.pid == pid for end in story.ends)
            goes_on = sum(call.name in _ACCEPTS for call in own) > 1
            if accepted and goes_on and not accepted & closed and not has_ended:
                whose = "; after fork the parent has a copy, too" if any(call.pid != pid for call in mine) else ""
                yield f"{name} never closed what accept gave it: close the connection when it is over{whose}"


def _spinning(story: Story) -> Iterator[str]:
    """A program that makes the same call in vain, over and over."""
    for lane, name in _lanes(story):
        vain = [call for call in story.calls if call.lane == lane and (call.error or call.returned == 0)]
        for kind in sorted({call.name for call in vain} & (_READS | _ACCEPTS)):
            if (count := sum(call.name == kind for call in vain)) >= _SPIN:
                yield f"{name} called {kind} {count} times in vain: a result of 0 or -1 must end its loop"


def _lanes(story: Story) -> Iterator[tuple[int, str]]:
    for number, lane in enumerate(story.lanes):
        if lane.program:
            yield number, lane.program


def _who(story: Story, call: CallSeen) -> str:
    return story.lanes[call.lane].program
