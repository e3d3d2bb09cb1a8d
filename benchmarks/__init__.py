"""Measurements of speed, one module a theme: `python -m benchmarks.startup`.

Each prints what it measured and, as its last line, one JSON object: `figures`, `targets` (name to
number) and `falls_short` (the names of the figures that miss their target).
"""
