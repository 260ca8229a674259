"""Submissions of programs -> marks: what each does in the same scenarios, and what to look at where it doesn't."""
