"""What of a run is left for others to read: files, and what GitHub shows."""
