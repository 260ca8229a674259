"""A run's folder -> its story. Start at join.py; story.py has its values."""
