"""Numbers of trials with a meaning."""

MOST_TRIALS = 1000
"""Largest number that a job may have: with a time limit, as many as the time allows."""

AUTOMODE_TRIALS = 8
"""Largest number of AutoMode's where the user names neither a number nor a time."""
