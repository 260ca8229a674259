"""Commands that show: runs, records, scenarios."""
