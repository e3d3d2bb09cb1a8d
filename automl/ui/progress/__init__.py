"""The Progress page."""
