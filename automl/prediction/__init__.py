"""Answers of an exported model for pictures, in any number."""
