"""Explanations: the pixels of a picture that speak for a model's answer."""
