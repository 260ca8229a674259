"""A testinfra module without a test."""
