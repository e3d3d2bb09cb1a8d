"""Data sets: readers, checks, split and pixel cache. No torch."""
