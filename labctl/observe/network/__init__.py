"""Frames of all hosts -> packets on their way, what each is among the others, and what became of it. Pure."""
