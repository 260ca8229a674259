"""What is done to links, and what their counters must say -> plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from labctl.report.measures import seconds_in_words
from labctl.report.wording import counts, in_quotes, listed
from labctl.runner.titles import only as spelt
from labctl.scenario.model import Fault, Heal, Impair, Link, LinkState, Only, Which

Hosts = Callable[[str], str]
"""A host's name -> the hosts that it stands for, in words."""

_ANSWERS = {
    "silent": "Nothing arrives, and nobody is told",
    "reset": "Nothing arrives; who sends with tcp is answered with a reset (RST)",
    "port-unreachable": "Nothing arrives; the sender is told by ICMP that nobody is at that port",
    "host-unreachable": "Nothing arrives; the sender is told by ICMP that the host can't be reached",
    "net-unreachable": "Nothing arrives; the sender is told by ICMP that the network can't be reached",
    "admin-prohibited": "Nothing arrives; the sender is told by ICMP that it is forbidden",
}
_UNITS = (("Gbit", 1e9), ("Mbit", 1e6), ("kbit", 1e3))


def impaired(step: Impair, hosts: Hosts) -> str:
    """`From here on, what client sends to cheerios (udp 51717 only) goes through a link with faults.`"""
    return f"From here on, {traffic(step.link, step.only, hosts)} goes through a link with faults."


def healed(step: Heal, hosts: Hosts) -> str:
    """`Heal the link from client to cheerios: its faults are over.`"""
    if step.link is None:
        return "Heal all links: their faults are over."
    one, other = _ends(step.link, hosts)
    way = f"between {one} and {other}" if step.link.both else f"from {one} to {other}"
    return f"Heal the link {way}: its faults are over."


def traffic(link: Link, only: Only | None, hosts: Hosts) -> str:
    """`what client sends to cheerios (udp 51717 only)`."""
    one, other = _ends(link, hosts)
    kind = f" ({spelt(only)} only)" if only is not None else ""
    return f"what {one} and {other} send each other{kind}" if link.both else f"what {one} sends to {other}{kind}"


def _ends(link: Link, hosts: Hosts) -> tuple[str, str]:
    one, other = ("any host" if end == "any" else hosts(end) for end in (link.sender, link.receiver))
    return one, "any other" if link.sender == link.receiver == "any" else other


def fault_sentence(fault: Fault) -> str:
    """What becomes of packets: `The 2nd and the 4th packet are lost`."""
    match fault.name:
        case "rate":
            longest = seconds_in_words(fault.queue_s)
            return f"It carries {_rate(fault.rate)} a second; what would have to wait longer than {longest} is lost"
        case "cut":
            return _ANSWERS[fault.answer]
        case "delay":
            wanders = f", give or take {seconds_in_words(fault.jitter_s)}, in order" if fault.jitter_s else ""
            return f"Every packet arrives {seconds_in_words(fault.delay_s)} later{wanders}"
    assert fault.which is not None
    packets, is_several = _packets(fault.which)
    are = "are" if is_several else "is"
    match fault.name:
        case "drop":
            lost = f"{packets} {are} lost"
            return f"{lost}, {fault.burst:g} in a row in the mean" if fault.burst > 1 else lost
        case "duplicate":
            return f"{packets} {'arrive' if is_several else 'arrives'} twice"
        case "reorder":
            return f"{packets} {'let' if is_several else 'lets'} the next {_so_many(fault.hold)} go by first"
        case _:
            end = "and the program gets it so" if fault.visible else "and the kernel that receives it throws it away"
            return f"{packets} {are} damaged, {end}"


def _so_many(number: int) -> str:
    return "one" if number == 1 else str(number)


def _packets(which: Which) -> tuple[str, bool]:
    """`The 2nd and the 4th packet`, and whether it is several."""
    if which.ordinals:
        return f"The {_ordinals(which.ordinals)} packet", len(which.ordinals) > 1
    if which.share == 1:
        return "Every packet", False
    if which.share:
        return f"{which.share * 100:.8g} % of the packets, by a chance that is the same in every run,", True
    if which.contains:
        return f"Every packet that contains {in_quotes(which.contains)}", False
    if which.fragments:
        return "Every fragment of a datagram but the first", False
    if which.first:
        return ("The first packet", False) if which.first == 1 else (f"The first {which.first} packets", True)
    return ("Every packet" if which.every == 1 else f"Every {_nth(which.every)} packet"), False


def _ordinals(numbers: tuple[int, ...]) -> str:
    return listed([_nth(numbers[0]), *(f"the {_nth(number)}" for number in numbers[1:])])


def _nth(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _rate(bits_per_s: float) -> str:
    unit, bits = next(((unit, bits) for unit, bits in _UNITS if bits_per_s >= bits), ("bit", 1.0))
    return f"{bits_per_s / bits:.9g} {unit}"


def link_sentences(state: LinkState) -> Iterator[str]:
    """What has become of packets: whole sentences, `5 packets were sent`, `the 2nd packet was lost`."""
    lost = state.dropped
    yield from counts(
        (state.sent, "packet was sent", "packets were sent"),
        (state.arrived, "packet arrived", "packets arrived"),
        (None if isinstance(lost, tuple) else lost, "packet was lost on the link", "packets were lost on the link"),
    )
    if isinstance(lost, tuple):
        were = "were" if len(lost) > 1 else "was"
        yield f"the {_ordinals(lost)} packet {were} lost on the link, and no other"
    yield from counts(
        (state.retransmitted, "segment was sent again", "segments were sent again"),
        (state.resets, "reset (RST) was sent", "resets (RST) were sent"),
    )
