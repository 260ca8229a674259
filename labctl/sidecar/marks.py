"""Marks of packets (nft's `meta mark`), by which parts of labctl know what another one did to them."""

from __future__ import annotations

CHOSEN, DOUBLED, COPIED = 0x1AB0001, 0x1AB0002, 0x1AB0003
"""Of a packet that is to pass the queue, of one that left it to be doubled, of its copy."""
