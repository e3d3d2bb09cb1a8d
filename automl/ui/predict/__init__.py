"""The Predict page: predictions of a model for new pictures."""
