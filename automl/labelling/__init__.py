"""Ranking of pictures to label next, and worth of more labels."""
