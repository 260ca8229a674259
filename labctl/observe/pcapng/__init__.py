"""Captured frames <-> the bytes of a pcapng file, as Wireshark reads and writes them. No file is opened here."""

from labctl.observe.pcapng.model import Capture, Frame, Interface
from labctl.observe.pcapng.reading import read
from labctl.observe.pcapng.writing import block, interface_block, opening

__all__ = ["Capture", "Frame", "Interface", "block", "interface_block", "opening", "read"]
