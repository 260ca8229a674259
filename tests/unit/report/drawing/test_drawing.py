"""What of a story is drawn: which moments, in which rows, with which words."""

from __future__ import annotations

from labctl.observe.story import Arrival, EndSeen
from labctl.report.drawing import Choice, Drawing, Row, drawn
from tests.unit.report.drawing.written import ADDRESS
from tests.unit.report.stories import BARE, BASIC, CLIENT, IMPAIRED, LOST, SERVER, arrived, crowd
from tests.unit.report.telling import Telling


def words(drawing: Drawing, *kinds: str) -> list[str]:
    """What stands in the rows of these kinds; of all, if none is given."""
    return [row.words for row in drawing.rows if not kinds or row.kind in kinds]


def of_kind(drawing: Drawing, *kinds: str) -> list[Row]:
    return [row for row in drawing.rows if row.kind in kinds]


class Conversation(Telling):
    """A server (lane 0) and a client (lane 1) on hosts of their own."""

    def __init__(self) -> None:
        super().__init__(SERVER, CLIENT)
        self.server = self.lane("cheerios", "server", "server 51717")
        self.client = self.lane("client", "client", "client cheerios 51717")

    def drawn(self, **choice: bool | int | float) -> Drawing:
        return drawn(self.story("x", "", ""), Choice(**choice))  # type: ignore[arg-type]  # the fields of Choice


def test_the_basic_story_is_told_as_the_tutorial_does() -> None:
    """A connection from socket to close, each event once, in order."""
    told = words(drawn(BASIC), "call", "begin", "return", "packet", "leave", "arrive")
    assert told == [
        *("execve(server 51717)", "socket(TCP) → 3", "bind(3, 0.0.0.0:51717)", "listen(3, 5)", "accept4(3) …"),
        *("execve(client cheerios 51717)", "socket(TCP) → 3", "connect(3, 10.51.0.2:51717) …"),
        *("SYN", "SYN ACK", "ACK", "connect → 0 after 0.11 ms"),
        *("accept4 → 4 from 10.51.0.3:40112 after 20.9 ms", "read(4) …", 'write(3, "hello\\n") → 6', "DATA 6", "ACK"),
        *('read → 6 "hello\\n" after 0.19 ms', "read(3) …", 'write(4, "I got your message") → 18', "DATA 18", "ACK"),
        *('read → 18 "I got your message" after 0.28 ms', "close(4)", "FIN ACK", "close(3)", "close(3)", "FIN ACK"),
        "ACK",
    ]


def test_rows_are_in_order_of_time() -> None:
    """A call or packet in one row stands where it began."""
    for story in (BASIC, LOST, IMPAIRED, crowd(3)):
        times = [row.at_ns for row in drawn(story).rows]
        assert times == sorted(times)


def test_every_moment_is_in_some_row() -> None:
    """With everything chosen nothing of the story is left out."""
    everything = Choice(files=True, noise=True)
    for story in (BASIC, LOST, IMPAIRED):
        rows = drawn(story, everything).rows
        calls = {row.of for row in rows if row.kind in ("call", "begin", "return")}
        assert calls == set(range(len(story.calls)))
        packets = {row.of for row in rows if row.kind in ("packet", "leave", "arrive")}
        assert packets == set(range(len(story.packets)))


def test_a_lost_packet_says_by_what() -> None:
    """It is an arrow all the same, to the receiver's edge."""
    lost = [row for row in drawn(LOST).rows if row.fate == "lost"]
    assert [(row.text, row.source, row.target) for row in lost] == [("2\\n", 1, 0), ("4\\n", 1, 0)]
    assert {row.note for row in lost} == {"lost by client -> cheerios, udp 51717: drop [2, 4]"}


def test_what_is_out_of_the_ordinary_is_noted() -> None:
    """Once each, the rule with what it did."""
    notes = [row.note for row in drawn(IMPAIRED).rows if row.note]
    assert notes == [
        "lost by client -> cheerios: drop [1]",
        "20.0 ms late by client -> cheerios: delay 20ms, retransmission",
        "came twice by duplicate [2]",
        "damaged by corrupt [3], out of order, zero window",
        "refused by cut: port-unreachable",
        "seen nowhere else",
        "nobody saw it leave",
    ]


def test_a_packet_during_whose_way_its_receiver_does_something_is_two_rows() -> None:
    """They carry the same number, and the time it was under way."""
    told = Conversation()
    told.call(told.server, 10, 9_000, "recvfrom(3, 0x7f, 9, 0)", "2")
    for at in (100, 200):
        told.packet(told.client, at, arrived(told.server, at + 40_000), "UDP 2", kind="udp")
    rows = of_kind(told.drawn(), "packet", "leave", "arrive")
    assert [(row.kind, row.number, row.column, row.took_ns) for row in rows] == [
        ("leave", 1, 1, None),
        ("leave", 2, 1, None),
        ("arrive", 1, 0, 40_000_000),
        ("arrive", 2, 0, 40_000_000),
    ]
    assert rows[2].note == "40.0 ms under way"


def test_what_happens_elsewhere_meanwhile_does_not_part_an_arrow() -> None:
    """The order of what happens at the receiver is kept, and so are quick packets whole."""
    told = Conversation()
    told.packet(told.client, 100, arrived(told.server, 120), "SYN")
    told.call(told.client, 105, 110, "close(9)")
    rows = of_kind(told.drawn(), "packet", "leave", "call")
    assert [(row.kind, row.number) for row in rows] == [("packet", 0), ("call", 0)]


def test_a_broadcast_is_an_arrow_to_each_receiver() -> None:
    """The first is whole; all have one number."""
    told = Conversation()
    third = told.lane("other", "peer", "peer")
    arrivals = (*arrived(told.server, 110), *arrived(third, 115))
    told.packet(told.client, 100, arrivals, "UDP 3", kind="udp")
    rows = of_kind(told.drawn(), "packet", "arrive")
    assert [(row.kind, row.target, row.number) for row in rows] == [("packet", 0, 1), ("arrive", 2, 1)]


def test_a_call_that_waited_for_something_is_two_rows() -> None:
    """However short it was: what came meanwhile stands between."""
    told = Conversation()
    data = told.packet(told.client, 100, arrived(told.server, 110), "DATA 2")
    told.call(told.server, 90, 120, 'read(4, "hi", 9)', "2", packets=(data,))
    assert words(told.drawn()) == ["read(4) …", "DATA 2", 'read → 2 "hi" after 0.03 ms']


def test_a_call_that_sends_is_one_row_before_what_it_sends() -> None:
    """Its return comes after that, by the little that strace costs."""
    told = Conversation()
    data = told.packet(told.client, 100, arrived(told.server, 110), "DATA 2")
    told.call(told.client, 90, 120, 'write(3, "hi", 2)', "2", packets=(data,))
    assert words(told.drawn()) == ['write(3, "hi") → 2', "DATA 2"]


def test_a_call_that_sends_and_waits_long_for_room_is_two_rows() -> None:
    """It blocked: what others did meanwhile let it go on."""
    told = Conversation()
    told.call(told.server, 500, 520, 'read(4, "hi", 9)', "2")
    told.call(told.client, 90, 9_000, 'write(3, "hi", 2)', "2")
    assert words(told.drawn()) == ['write(3, "hi") …', 'read(4) → 2 "hi"', "write → 2 after 8.91 ms"]


def test_a_childs_rows_say_that_they_are() -> None:
    """By its pid, which fork has returned."""
    told = Conversation()
    told.call(told.server, 10, 20, "clone(flags=SIGCHLD)", "4711", group="process", pid=100)
    told.call(told.server, 30, 40, "close(3)", pid=4711)
    rows = of_kind(told.drawn(), "call")
    assert [(row.words, row.who, row.of_main, row.process) for row in rows] == [
        ("fork() → 4711", "", True, (0, 100)),
        ("close(3)", "child 4711", False, (0, 4711)),
    ]


def test_the_main_process_is_the_one_that_ended_as_such() -> None:
    """Even if a child's call was seen first."""
    told = Conversation()
    told.call(told.server, 10, 20, "close(3)", pid=4711)
    told._ends.append(EndSeen(lane=0, pid=100, at_ns=50_000, ending="exit 0", is_main=True))
    assert [row.who for row in told.drawn().rows] == ["child 4711", ""]


def test_rows_of_a_folded_column_say_whose_they_are() -> None:
    """Calls by the program, packets by the end that is folded."""
    drawing = drawn(crowd(9), Choice(most_columns=2))
    assert [column.is_folded for column in drawing.columns] == [False, True]
    assert {row.who for row in of_kind(drawing, "packet")} == {f"client-{n}" for n in range(1, 10)}
    assert of_kind(drawing, "call")[0].who == "client-1"


def test_a_pause_is_a_row() -> None:
    """From the end of what came before; a call in one row lasts until it returns."""
    told = Conversation()
    told.call(told.client, 0, 20_000, "connect(3, 0, 16)")
    told.call(told.client, 51_000, 51_010, "close(3)")
    assert words(told.drawn(), "gap") == ["31.0 ms pass"]
    assert words(told.drawn(gap_ms=31.5), "gap") == []


def test_calls_about_files_and_packets_of_the_link_itself_are_shown_when_asked_for() -> None:
    """What is left out is said."""
    told = Conversation()
    told.call(told.client, 10, 20, 'read(3</etc/hosts>, "", 4096)', group="file")
    told.packet(told.client, 30, arrived(told.server, 40), "who has 10.51.0.2?", kind="arp", is_noise=True)
    told.call(told.client, 50, 60, "close(4)")
    assert words(told.drawn()) == ["close(4)"]
    assert told.drawn().left_out == ("1 routine call", "1 packet of the link itself")
    assert len(words(told.drawn(files=True, noise=True))) == 3
    assert told.drawn(files=True, noise=True).left_out == ()


def test_packets_or_programs_can_be_had_alone() -> None:
    """Steps and rules stay."""
    kinds = {row.kind for row in drawn(LOST, Choice(programs=False)).rows}
    assert kinds == {"step", "rules", "packet", "gap"}
    kinds = {row.kind for row in drawn(LOST, Choice(packets=False)).rows}
    assert kinds & {"packet", "leave", "arrive"} == set()


def test_a_step_has_all_that_is_known_of_it() -> None:
    """Its heading is enough for a page."""
    step = of_kind(drawn(LOST), "step")[3]
    assert (step.number, step.verdict, step.complaints) == (4, "fail", ("dropped: expected [2, 5], came [2, 4]",))
    assert step.why == "The network knows what became of them."


def test_exit_is_told_by_the_end_of_the_process() -> None:
    """Unless everything is to be seen."""
    assert not [text for text in words(drawn(BASIC)) if text.startswith("exit_group")]
    assert [text for text in words(drawn(BASIC, Choice(files=True))) if text.startswith("exit_group")]


def test_a_story_of_nothing_is_drawn_as_nothing() -> None:
    """The lab could not be built."""
    assert drawn(BARE) == Drawing(columns=(), rows=())


def test_a_packet_within_one_host_stays_in_its_column() -> None:
    """Of two programs of a folded column, both ends are said."""
    told = Telling(SERVER)
    one, other = told.lane("cheerios", "peer-1", "peer"), told.lane("cheerios", "peer-2", "peer")
    third = told.lane("client", "client", "client")
    told.call(third, 1, 2, f"connect(3, {ADDRESS}, 16)")
    told.packet(one, 10, (Arrival(lane=other, came_ns=20_000, at_ns=20_000, fate="arrived"),), "SYN")
    row = of_kind(drawn(told.story("x", "", ""), Choice(most_columns=2)), "packet")[0]
    assert (row.source, row.target, row.who) == (0, 0, "peer-1 → peer-2")


def test_of_a_datagram_in_fragments_the_first_shows_what_it_carries() -> None:
    """The text would be the same beside each of them."""
    it = Telling(SERVER, CLIENT)
    server, client = it.lane("cheerios", "server", "server"), it.lane("client", "client", "client")
    for number in (1, 2, 11):
        words = f"fragment {number} of UDP 5000"
        it.packet(client, 100 * number, arrived(server, 100 * number + 20), words, kind="udp", text="aaaa")
    assert [row.text for row in drawn(it.story("x", "", "")).rows] == ["aaaa", "", ""]
