"""LINKs: faults and their keys, which packets, what is counted, and whom a LINK joins. Start at faults.py."""
