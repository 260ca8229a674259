"""Streams and signals of the process: what they can show, and what is told on them."""
