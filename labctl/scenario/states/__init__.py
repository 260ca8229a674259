"""What is looked at and what must be so there: programs, PORTs, THINGs. Start at subjects.py."""
