"""A small lab of one's own to begin with: `lab/` is its files as they are, but for the name."""
