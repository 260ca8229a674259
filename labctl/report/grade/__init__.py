"""Marks -> what teacher and student read: lines, a page, a table."""
