"""`labctl link`, `heal`: faults on the links of a lab that stands, in the words of scenarios."""

from __future__ import annotations

from typing import Any

import click

from labctl.cli.options import LAB

_WHICH = "WHICH"


@click.command()
@click.argument("words", nargs=-1, metavar="['A -> B']")
@LAB
@click.option("--only", metavar="ONLY", help="These packets, like 'udp 51717', tcp, icmp; else all but ARP and ND.")
@click.option("--drop", metavar=_WHICH, help="Lose them.")
@click.option("--burst", metavar="N", help="With --drop 20%: lose so many in a row, in the mean.")
@click.option("--duplicate", metavar=_WHICH, help="Let them arrive twice.")
@click.option("--corrupt", metavar=_WHICH, help="Damage them; the receiver's kernel throws them away.")
@click.option("--visible", is_flag=True, help="With --corrupt: the damage reaches the program.")
@click.option("--reorder", metavar=_WHICH, help="Let the next one go by first.")
@click.option("--hold", metavar="N", help="With --reorder: let so many go by.")
@click.option("--delay", metavar="TIME", help="Let all arrive so much later, like 40ms.")
@click.option("--jitter", metavar="TIME", help="With --delay: give or take so much, in order.")
@click.option("--rate", metavar="RATE", help="Carry so much a second, like 1mbit.")
@click.option("--queue", metavar="TIME", help="With --rate: a packet waits at most so long; 50ms.")
@click.option("--cut", metavar="ANSWER", help="Carry nothing. ANSWER: silent, reset, port-unreachable and others.")
@click.option("--seed", metavar="N", help="All chance is drawn from it; 1.")
@click.pass_context
def link(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    name: str | None,
    **options: Any,  # Any: text or a flag
) -> None:
    """Give a link of a lab that stands faults, from now on; without arguments, show what is in force and was counted.

    A and B are hosts, or `any`; `A <-> B` is both ways. Put quotes around it. WHICH packets: `2,4` of each sender,
    counted from now on; `20%`, `first:3`, `every:5`, `contains:TEXT`, `fragments`. A fault that is said again replaces
    the old one; others are added.
    """
    from labctl.cli.links.linking import impair_link, show_links

    given = {option: value for option, value in options.items() if value not in (None, False)}
    if words:
        ctx.exit(impair_link(name, " ".join(words), given))
    if given:
        raise click.UsageError(f"--{next(iter(given))} needs a link, like 'client -> cheerios'", ctx)
    ctx.exit(show_links(name))


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="'A -> B'|all")
@LAB
@click.pass_context
def heal(ctx: click.Context, words: tuple[str, ...], name: str | None) -> None:
    """Take away all that `labctl link` has put on a link, or on all of them.

    What a scenario that runs in the lab has put there stays until its end.
    """
    from labctl.cli.links.linking import heal_link

    ctx.exit(heal_link(name, " ".join(words)))
