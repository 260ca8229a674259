"""Packets and system calls of a run, as they come -> files in its folder.

What can't be recorded is noted and never breaks a lab: who needs the record asks `lacks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from labctl.agent.frames import Header
from labctl.agent.loop import offset_ns
from labctl.engine.contract import EngineError
from labctl.hosts.conversation import Conversation
from labctl.observe.capture_file import CaptureFile
from labctl.observe.names import CAPTURE, OUTPUTS, TRACES, trace_name
from labctl.observe.story import Story
from labctl.runner.capturing import Attend, Capturing
from labctl.runner.recorded import Record

MOST_TEXT, MOST_OF_ONE = 16 * 1024 * 1024, 4 * 1024 * 1024
"""Bytes of trace that are kept of a run, and of each of its programs: some ten thousand calls are a megabyte."""
_SETTLES_WITHIN_S = 0.5
"""So long the last acknowledgements are waited for. Who is cut off never gets one."""
_IS_GONE_WITHIN_S = 1.0
"""So long the last of an ended program's children are waited for. Some stay on purpose."""
_PACKETS, _CALLS = "packets", "calls"
_CLOCKS_AGREE_WITHIN_NS = 20_000_000
"""Both clocks are slewed alike: only setting one moves it against the other, but for how long looking takes."""


class Recording:
    """What is recorded of one run. `calls`, `packets`: which of the two. `not_recorded` is told what is missing.

    `networks`: of each host, their names, where the lab has several.
    """

    def __init__(
        self,
        folder: Path,
        conversation: Conversation,
        hosts: Sequence[str],
        networks: Mapping[str, Sequence[str]] = MappingProxyType({}),
        *,
        calls: bool,
        packets: bool,
        not_recorded: Callable[[str], None],
    ) -> None:
        self._not_recorded = not_recorded
        self._folder, self._conversation, self._hosts = folder, conversation, list(hosts)
        self._traces, self._left = folder / TRACES, MOST_TEXT
        self._has_calls = calls
        self._file = CaptureFile(folder / CAPTURE, hosts, networks) if packets else None
        self._capturing = Capturing(conversation, hosts, self._on_packets, self._lose_packets) if packets else None
        self._lacking: dict[str, str] = {}
        self._offset_ns = offset_ns()
        self._story: Story | None = None

    def begin(self, attend: Attend) -> None:
        """Record from now on, as far as that can be. LabBroke if the lab is gone."""
        tickets = []
        if self._has_calls:
            self._traces.mkdir()
            tickets = [self._conversation.ask(host, "trace", most=MOST_OF_ONE) for host in self._hosts]
        if self._capturing is not None:
            try:
                self._capturing.begin(attend)
            except EngineError as error:
                self._capturing = None
                self._lose_packets(f"packets can't be recorded: {error}{f' ({error.hint})' if error.hint else ''}")
        for ticket in tickets:
            answer = self._conversation.answer(ticket)
            if "error" in answer:
                why = answer.get("detail") or answer["error"]
                mend = f" ({answer['mend']})" if answer.get("mend") else ""
                self._lack(_CALLS, f"{ticket.host}: programs can't be traced: {why}{mend}")

    def hear(self, host: str, header: Header, body: bytes) -> bool:
        """Take what an agent tells of a trace. Whether it was that."""
        if header["ev"] != "traced":
            return False
        key = header["program"]
        name = key.rpartition("#")[0]
        self._left -= len(body)
        if header.get("cut") or self._left < 0:
            self._lack(key, f"the trace of {name} is not whole: there was more than is kept")
        elif body and key not in self._lacking:  # no hole in its midst
            try:
                with (self._traces / trace_name(key)).open("ab") as file:
                    file.write(body)
            except OSError as error:
                self._lack(key, f"the trace of {name} can't be written: {error.strerror}")
        if "broken" in header:
            self._lack(key, f"the trace of {name} is not whole: {header['broken']}")
        return True

    def forget(self, host: str) -> None:
        """A host is about to be halted: what it has seen by now is all."""
        if host in self._hosts:
            self._take_traces([host])
            self._hosts.remove(host)
            if self._capturing is not None:
                self._capturing.forget(host)

    def end(self) -> None:
        """Take what is still under way. LabBroke if the lab is gone."""
        self._take_traces(self._hosts)
        self._look_at_clock()
        if self._capturing is None or self._file is None:
            return
        self._let_settle()
        if lost := self._capturing.flush():
            self._lose_packets(f"{lost} packets were lost before they could be recorded")
        if self._file.is_cut:
            self._lose_packets(f"the capture was cut off at {self._file.most_bytes // 1024 // 1024} MiB of packets")

    def read(self) -> Record:
        """What was recorded by now, for who judges it."""
        from labctl.observe.join import story_of

        if self._story is None:
            self._story = story_of(self._folder)
        return Record(self._story, self._lacks)

    def leave(self) -> None:
        """Give back what recorded packets, in a lab that goes on. After this only `read` and `close`."""
        if self._capturing is not None:
            self._capturing.leave()

    def close(self) -> None:
        """Nothing more is recorded. What programs printed is written, too. May be called twice."""
        if self._file is not None:
            self._file.close()
        folder = self._folder / OUTPUTS
        try:
            folder.mkdir(exist_ok=True)
            for program in self._conversation.programs.values():
                for stream, printed in program.printed.items():
                    (folder / f"{program.key.replace('#', '.')}.{stream}").write_bytes(printed)
        except OSError as error:
            self._not_recorded(f"what programs printed can't be written: {error.strerror}")

    def _lacks(self, key: str) -> str:
        reasons = (self._lacking.get(each, "") for each in ((_CALLS, key) if key else (_PACKETS,)))
        return next(filter(None, reasons), "")

    def _on_packets(self, host: str, body: bytes) -> None:
        assert self._file is not None
        self._look_at_clock()
        try:
            goes_on = self._file.add(host, body)
        except OSError as error:
            self._lose_packets(f"the capture can't be written: {error.strerror}")
            goes_on = False
        if not goes_on and self._capturing is not None:
            self._capturing.stop()

    def _look_at_clock(self) -> None:
        """Packets and calls carry CLOCK_REALTIME: once it is set, nothing can be said of what came before what."""
        if abs(offset_ns() - self._offset_ns) > _CLOCKS_AGREE_WITHIN_NS:
            for what in (_PACKETS, _CALLS):
                self._lack(what, "the machine's clock was set during the run: the order of what is recorded is lost")

    def _lose_packets(self, reason: str) -> None:
        self._lack(_PACKETS, reason)

    def _lack(self, what: str, reason: str) -> None:
        if what not in self._lacking:
            self._lacking[what] = reason
            self._not_recorded(reason)

    def _take_traces(self, hosts: Sequence[str]) -> None:
        """Of programs that have ended everything, of others what they did by now."""
        if not self._has_calls or _CALLS in self._lacking:  # none of it will be judged
            return
        own = [program for program in self._conversation.programs.values() if program.host in hosts]
        ended = [program for program in own if program.has_ended and not program.is_lost]
        self._conversation.until(lambda: all(one.is_gone for one in ended), timeout_s=_IS_GONE_WITHIN_S)
        for ticket in [self._conversation.ask(host, "traces") for host in hosts]:
            if not self._conversation.answer(ticket).get("ok"):
                for program in own:
                    self._lack(program.key, f"the trace of {program.name} is not whole: it could not all be told")

    def _let_settle(self) -> None:
        """Until every FIN is acknowledged: then the last segment of every connection that ended is recorded."""
        every = {"protocol": "tcp", "number": None, "path": None, "addresses": None}
        tickets = [
            self._conversation.ask(host, "await", port=every, wanted={"closing": [0, 0]}, seconds=_SETTLES_WITHIN_S)
            for host in self._hosts
        ]
        for ticket in tickets:
            self._conversation.answer(ticket)
