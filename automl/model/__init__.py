"""A trial's network: how it is built, its pretrained weights, its heads and its checkpoint."""
