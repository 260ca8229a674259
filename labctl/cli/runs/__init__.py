"""Commands that run scenarios: `labctl run` and `labctl grade`."""
