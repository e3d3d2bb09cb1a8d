"""Predictions of exported models for pictures in any number."""
