"""Probabilities and labels in, metrics out. No torch."""
