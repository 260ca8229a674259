"""How a capture tells of packets: each a RECORD, then as many bytes of its own as that says."""

from __future__ import annotations

import struct

RECORD = struct.Struct("!QIIB")
"""CLOCK_REALTIME in ns, how many bytes follow, the packet's length on the wire, and which of these it is."""
OUTBOUND, LOOPBACK = 1, 2
NETWORK_SHIFT = 2
"""Above these bits stands which of the host's networks it is, counted from 0."""
