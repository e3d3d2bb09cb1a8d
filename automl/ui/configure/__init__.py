"""Composing a job and starting it: what the Configure page is made of."""
