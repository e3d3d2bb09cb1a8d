"""Experiments: their directories, records, queue, start and stop, and the ranking of trials."""
