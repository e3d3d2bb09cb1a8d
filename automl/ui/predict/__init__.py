"""Asking a model about pictures: what the Predict page is made of."""
