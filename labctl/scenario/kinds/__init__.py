"""The types of the language, each reading a node into a value: WORD, NUM, TIME, MATCH, … Start at basic.py."""
